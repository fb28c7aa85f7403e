using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Subresources;

namespace Etcdish.ApiServer.Registry;

/// <summary>What is still there of a namespace that is being deleted, and whom it waits for, as its conditions tell users.</summary>
internal sealed class NamespaceContents
{
    private readonly SortedDictionary<string, int> _remaining = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _finalizers = new(StringComparer.Ordinal);
    private string _failure = "";

    public bool IsEmpty => _remaining.Count == 0;

    /// <summary>Notes an object that is there.</summary>
    public void Add(ResourceType type, JsonObject value)
    {
        Count(_remaining, $"{type.Info.Name}.{type.Info.Group}");
        foreach (var finalizer in value.Part("metadata").Items("finalizers"))
        {
            Count(_finalizers, finalizer!.GetValue<string>());
        }
    }

    /// <summary>Notes that an object could not be deleted.</summary>
    public void Fail(string message) => _failure = message;

    /// <summary>Writes all of this into a status.</summary>
    public void WriteTo(JsonObject status, string now)
    {
        Set("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered");
        Set("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed");
        if (_failure.Length > 0)
        {
            Set("NamespaceDeletionContentFailure", true, "ContentDeletionFailed", _failure);
        }
        else
        {
            const string Deleted = "All content successfully deleted, may be waiting on finalization";
            Set("NamespaceDeletionContentFailure", false, "ContentDeleted", Deleted);
        }

        if (_remaining.Count > 0)
        {
            var list = string.Join(", ", _remaining.Select(pair => Invariant($"{pair.Key} has {pair.Value} resource instances")));
            Set("NamespaceContentRemaining", true, "SomeResourcesRemain", $"Some resources are remaining: {list}");
        }
        else
        {
            Set("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed");
        }

        if (_finalizers.Count > 0)
        {
            var list = string.Join(", ", _finalizers.Select(pair => Invariant($"{pair.Key} in {pair.Value} resource instances")));
            const string Begin = "Some content in the namespace has finalizers remaining: ";
            Set("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain", Begin + list);
        }
        else
        {
            Set("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished");
        }

        void Set(string type, bool isTrue, string reason, string message) => Conditions.Set(
            status,
            new JsonObject { ["type"] = type, ["status"] = isTrue ? "True" : "False", ["reason"] = reason, ["message"] = message },
            now);
    }

    private static void Count(SortedDictionary<string, int> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
