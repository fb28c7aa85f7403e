using System.Globalization;

namespace Etcdish.ApiServer.Kinds;

/// <summary>
/// Where a field is, such as <c>spec.ports[2].name</c> or <c>data[key]</c>: spelled out only when something is wrong there.
/// </summary>
internal sealed class FieldPath
{
    /// <summary>The step is a name.</summary>
    public const int Named = -1;

    /// <summary>The step is a key of a map. Any other number is a place in a list.</summary>
    public const int Keyed = -2;

    private readonly FieldPath? _parent;
    private readonly string _name;
    private readonly int _index;

    public FieldPath(FieldPath? parent, string name, int index)
    {
        _parent = parent;
        _name = name;
        _index = index;
    }

    /// <summary>The path of a whole object: nothing.</summary>
    public static FieldPath Root { get; } = new(null, "", Named);

    /// <summary>A path that begins with steps which are spelled already.</summary>
    public static FieldPath Of(string path) => new(Root, path, Named);

    /// <inheritdoc/>
    public override string ToString()
    {
        if (_parent is null)
        {
            return _name;
        }

        var before = _parent.ToString();
        return _index switch
        {
            Named when before.Length == 0 => _name,
            Named => $"{before}.{_name}",
            Keyed => $"{before}[{_name}]",
            _ => string.Create(CultureInfo.InvariantCulture, $"{before}[{_index}]"),
        };
    }
}
