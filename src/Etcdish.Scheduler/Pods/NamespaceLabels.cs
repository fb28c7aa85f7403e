namespace Etcdish.Scheduler.Pods;

/// <summary>The labels of namespaces, as far as they are known.</summary>
internal sealed class NamespaceLabels
{
    private static readonly Dictionary<string, string> _none = [];
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _labels = [];

    public IReadOnlyDictionary<string, string> Of(string ns) => _labels.GetValueOrDefault(ns) ?? _none;

    /// <summary>Sets the labels of a namespace; null: it is gone. False if they were those already.</summary>
    public bool Set(string ns, IReadOnlyDictionary<string, string>? labels)
    {
        var before = Of(ns);
        if (labels is null)
        {
            return _labels.Remove(ns);
        }

        _labels[ns] = labels;
        return before.Count != labels.Count || before.Any(l => labels.GetValueOrDefault(l.Key) != l.Value);
    }
}
