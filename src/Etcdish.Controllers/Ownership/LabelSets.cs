using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Ownership;

/// <summary>Compares labels.</summary>
internal static class LabelSets
{
    /// <summary>Whether two objects have the same labels.</summary>
    public static bool AreEqual(ObjectMetadata one, ObjectMetadata other) =>
        ReferenceEquals(one.Labels, other.Labels)
        || (one.Labels.Count == other.Labels.Count && Contains(one.Labels, other.Labels));

    /// <summary>Whether labels are among others.</summary>
    public static bool Contains(Dictionary<string, string> labels, Dictionary<string, string> wanted)
    {
        foreach (var (key, value) in wanted)
        {
            if (!labels.TryGetValue(key, out var there) || there != value)
            {
                return false;
            }
        }

        return true;
    }
}
