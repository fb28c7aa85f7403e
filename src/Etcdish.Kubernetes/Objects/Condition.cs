using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>One condition of a status; what of it a kind does not have is empty.</summary>
public sealed class Condition
{
    /// <summary>Which condition.</summary>
    public string Type { get; set; } = "";

    /// <summary>True, False or Unknown.</summary>
    public string Status { get; set; } = "";

    /// <summary>Why, in one word.</summary>
    public string Reason { get; set; } = "";

    /// <summary>Why, in a sentence.</summary>
    public string Message { get; set; } = "";

    /// <summary>When the status changed last.</summary>
    public DateTimeOffset? LastTransitionTime { get; set; }

    /// <summary>When the condition was written last (deployments).</summary>
    public DateTimeOffset? LastUpdateTime { get; set; }

    /// <summary>When the condition was looked at last (pods, jobs).</summary>
    public DateTimeOffset? LastProbeTime { get; set; }

    /// <summary>When the condition was looked at last (nodes).</summary>
    public DateTimeOffset? LastHeartbeatTime { get; set; }

    /// <summary>The generation it speaks of, where a kind says so.</summary>
    public long ObservedGeneration { get; set; }

    /// <summary>Whether the status is True.</summary>
    [JsonIgnore]
    public bool IsTrue => Status == "True";

    /// <summary>The first of a type, or null. Asked for every node and pod of a cluster, so it makes nothing.</summary>
    internal static Condition? Find(Condition[] conditions, string type)
    {
        foreach (var condition in conditions)
        {
            if (condition.Type == type)
            {
                return condition;
            }
        }

        return null;
    }
}
