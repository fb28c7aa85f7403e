namespace Etcdish.Kubernetes;

/// <summary>The known values of a string.</summary>
public sealed class EnumType
{
    private readonly Lazy<(bool IsClosed, string[] Values)> _definition;

    internal EnumType(string name, Func<(bool IsClosed, string[] Values)> definition)
    {
        Name = name;
        _definition = new Lazy<(bool IsClosed, string[] Values)>(definition);
    }

    /// <summary>Group version and name, such as <c>core/v1.Protocol</c>.</summary>
    public string Name { get; }

    /// <summary>Whether API documents list the values as the only ones. Other lists may grow between releases.</summary>
    public bool IsClosed => _definition.Value.IsClosed;

    /// <summary>The values, in the order of their declaration.</summary>
    public IReadOnlyList<string> Values => _definition.Value.Values;
}
