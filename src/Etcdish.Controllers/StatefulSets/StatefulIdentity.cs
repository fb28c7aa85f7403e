using System.Globalization;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.StatefulSets;

/// <summary>Who a pod of a stateful set is: its number, and what follows from it.</summary>
internal static class StatefulIdentity
{
    /// <summary>The label that holds a pod's own name, so that a service can select it.</summary>
    public const string PodNameLabel = "statefulset.kubernetes.io/pod-name";

    /// <summary>The label that holds a pod's number.</summary>
    public const string PodIndexLabel = "apps.kubernetes.io/pod-index";

    /// <summary>The label that holds the name of a pod's revision.</summary>
    public const string RevisionLabel = "controller-revision-hash";

    /// <summary>The name of the pod with a number.</summary>
    public static string PodName(StatefulSet set, int ordinal) =>
        string.Create(CultureInfo.InvariantCulture, $"{set.Metadata.Name}-{ordinal}");

    /// <summary>The name of a claim of the pod with a number.</summary>
    /// <param name="set">The set.</param>
    /// <param name="template">The name of the claim's template.</param>
    /// <param name="ordinal">The pod's number.</param>
    public static string ClaimName(StatefulSet set, string template, int ordinal) => $"{template}-{PodName(set, ordinal)}";

    /// <summary>The number of a pod by its name; -1 if it has none, or is named after another set.</summary>
    public static int Ordinal(StatefulSet set, string podName)
    {
        var name = set.Metadata.Name;
        if (podName.Length <= name.Length + 1 || !podName.StartsWith(name, StringComparison.Ordinal) || podName[name.Length] != '-')
        {
            return -1;
        }

        var digits = podName.AsSpan(name.Length + 1);
        var isCanonical = digits.Length == 1 || digits[0] != '0';
        return isCanonical && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal) ? ordinal : -1;
    }

    /// <summary>The name of a pod's revision; empty if it has none.</summary>
    public static string Revision(Pod pod) => pod.Metadata.Labels.GetValueOrDefault(RevisionLabel, "");

    /// <summary>Whether a pod carries the labels of its name and number.</summary>
    public static bool IsLabelled(Pod pod, int ordinal) =>
        pod.Metadata.Labels.GetValueOrDefault(PodNameLabel) == pod.Metadata.Name
        && pod.Metadata.Labels.GetValueOrDefault(PodIndexLabel) == ordinal.ToString(CultureInfo.InvariantCulture);
}
