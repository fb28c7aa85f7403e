namespace Etcdish.Kubelet.Containers;

/// <summary>Variables in the order in which they were first set.</summary>
internal sealed class VariableList
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>All of them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ToList() => [.. _names.Select(name => KeyValuePair.Create(name, _values[name]))];

    /// <summary>Sets one.</summary>
    public void Set(string name, string value)
    {
        if (_values.TryAdd(name, value))
        {
            _names.Add(name);
        }
        else
        {
            _values[name] = value;
        }
    }

    /// <summary>Sets one that is not there.</summary>
    public void SetDefault(string name, string value)
    {
        if (!_values.ContainsKey(name))
        {
            Set(name, value);
        }
    }

    /// <summary>The value of one; null: it is not there.</summary>
    public string? Find(string name) => _values.GetValueOrDefault(name);
}
