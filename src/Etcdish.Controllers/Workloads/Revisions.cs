using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>The annotations by which a deployment numbers and sizes its replica sets, and those that it hands on to them.</summary>
internal static class Revisions
{
    /// <summary>The number of a roll-out.</summary>
    public const string Revision = "deployment.kubernetes.io/revision";

    /// <summary>The numbers that a replica set had before, when it was rolled back to.</summary>
    public const string History = "deployment.kubernetes.io/revision-history";

    /// <summary>How many pods the deployment wanted when it sized the replica set.</summary>
    public const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";

    /// <summary>How many pods it could have had then.</summary>
    public const string MaxReplicas = "deployment.kubernetes.io/max-replicas";

    /// <summary>The history grows to so many characters, and loses its oldest numbers then.</summary>
    private const int MaxHistoryLength = 2000;

    private static readonly HashSet<string> _notHandedOn =
    [
        "kubectl.kubernetes.io/last-applied-configuration",
        Revision,
        History,
        DesiredReplicas,
        MaxReplicas,
        "deprecated.deployment.rollback.to",
    ];

    /// <summary>The number of an object's roll-out; 0 if it has none.</summary>
    public static long Of(KubernetesObject value) => Number(value, Revision) ?? 0;

    /// <summary>The highest number.</summary>
    public static long Highest(IEnumerable<ReplicaSet> sets) => sets.Select(Of).DefaultIfEmpty().Max();

    /// <summary>A number that an annotation holds, or null.</summary>
    public static long? Number(KubernetesObject value, string annotation) =>
        value.Metadata.Annotations.TryGetValue(annotation, out var text)
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>The annotations of a deployment's newest replica set that are not there or differ.</summary>
    /// <param name="deployment">The deployment.</param>
    /// <param name="newest">Its newest replica set; null if it is to be created.</param>
    /// <param name="revision">The number it should at least have.</param>
    public static JsonObject Missing(Deployment deployment, ReplicaSet? newest, long revision)
    {
        var missing = new JsonObject();
        foreach (var (key, value) in deployment.Metadata.Annotations)
        {
            if (!_notHandedOn.Contains(key) && newest?.Metadata.Annotations.GetValueOrDefault(key) != value)
            {
                missing[key] = value;
            }
        }

        // Old sets may have been deleted: the newest may have a higher number than those that are left call for.
        if (newest is null || Of(newest) < revision)
        {
            missing[Revision] = Text(revision);
            if (newest?.Metadata.Annotations.TryGetValue(Revision, out var former) == true)
            {
                missing[History] = Append(newest.Metadata.Annotations.GetValueOrDefault(History, ""), former);
            }
        }

        return missing;
    }

    /// <summary>The annotations that tell a replica set what it was sized by, as far as they are not there or differ.</summary>
    public static JsonObject MissingSizes(DeploymentSpec spec, ReplicaSet? set)
    {
        var missing = new JsonObject();
        var max = spec.Replicas + RollingBounds.Of(spec).MaxSurge;
        foreach (var (key, size) in ((string, int)[])[(DesiredReplicas, spec.Replicas), (MaxReplicas, max)])
        {
            if (set?.Metadata.Annotations.GetValueOrDefault(key) != Text(size))
            {
                missing[key] = Text(size);
            }
        }

        return missing;
    }

    /// <summary>A number as annotations hold it.</summary>
    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Append(string history, string revision)
    {
        var whole = history.Length == 0 ? revision : $"{history},{revision}";
        while (whole.Length > MaxHistoryLength && whole.IndexOf(',') is var comma and > 0)
        {
            whole = whole[(comma + 1)..];
        }

        return whole;
    }
}
