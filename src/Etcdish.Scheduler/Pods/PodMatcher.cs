using System.Text;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler.Pods;

/// <summary>
/// Says which pods are meant: of which namespaces, with which labels. Two that mean the same by the same words are equal.
/// </summary>
internal sealed class PodMatcher : IEquatable<PodMatcher>
{
    private readonly string[] _namespaces;
    private readonly LabelSelector? _namespaceSelector;
    private readonly LabelSelector[] _selectors;
    private readonly KeyValuePair<string, string>[] _shared;

    private PodMatcher(
        string[] namespaces, LabelSelector? namespaceSelector, LabelSelector[] selectors, KeyValuePair<string, string>[] shared)
    {
        _namespaces = namespaces;
        _namespaceSelector = namespaceSelector;
        _selectors = selectors;
        _shared = shared;
        var text = new StringBuilder(string.Join(',', namespaces)).Append('|').Append(TextOf(namespaceSelector));
        foreach (var selector in selectors)
        {
            text.Append('|').Append(TextOf(selector));
        }

        foreach (var (key, value) in shared)
        {
            text.Append('&').Append(key).Append('=').Append(value);
        }

        Text = text.ToString();
    }

    /// <summary>What it says, in one text.</summary>
    public string Text { get; }

    /// <summary>Whether labels of namespaces matter.</summary>
    public bool AsksNamespaces => _namespaceSelector is { IsEverything: false };

    /// <summary>The pods that a term of an affinity means.</summary>
    /// <param name="term">The term.</param>
    /// <param name="ns">The namespace of the pod whose term it is.</param>
    public static PodMatcher Of(PodAffinityTerm term, string ns)
    {
        string[] namespaces = term.Namespaces.Length == 0 && term.NamespaceSelector is null
            ? [ns] : [.. term.Namespaces.Order(StringComparer.Ordinal)];
        return new PodMatcher(namespaces, term.NamespaceSelector, [term.LabelSelector], []);
    }

    /// <summary>Pods of one namespace that all these selectors select and that have these labels too.</summary>
    public static PodMatcher Of(string ns, LabelSelector[] selectors, params KeyValuePair<string, string>[] shared) =>
        new([ns], null, selectors, shared);

    public bool Matches(LabelClass pods, NamespaceLabels namespaces)
    {
        if (Array.IndexOf(_namespaces, pods.Namespace) < 0
            && (_namespaceSelector is null || !_namespaceSelector.Matches(namespaces.Of(pods.Namespace))))
        {
            return false;
        }

        foreach (var selector in _selectors)
        {
            if (!selector.Matches(pods.Labels))
            {
                return false;
            }
        }

        foreach (var (key, value) in _shared)
        {
            if (!pods.Labels.TryGetValue(key, out var there) || there != value)
            {
                return false;
            }
        }

        return true;
    }

    public bool Equals(PodMatcher? other) => other is not null && other.Text == Text;

    public override bool Equals(object? obj) => Equals(obj as PodMatcher);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    private static string TextOf(LabelSelector? selector) => selector is null ? "-" : selector.IsNothing ? "!" : $"({selector})";
}
