using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Client;

/// <summary>How an object is to be deleted.</summary>
public sealed record DeleteOptions
{
    /// <summary>Only if it is this one.</summary>
    public string? Uid { get; init; }

    /// <summary>Only if nobody has changed it since.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Seconds it has to end; null: its own.</summary>
    public long? GracePeriodSeconds { get; init; }

    /// <summary>What becomes of what it owns: Background, Foreground or Orphan; null: what its kind says.</summary>
    public string? Propagation { get; init; }

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "DeleteOptions" };
        if (GracePeriodSeconds is { } seconds)
        {
            json["gracePeriodSeconds"] = seconds;
        }

        if (Propagation is not null)
        {
            json["propagationPolicy"] = Propagation;
        }

        if (Uid is not null || ResourceVersion is not null)
        {
            var preconditions = new JsonObject();
            json["preconditions"] = preconditions;
            if (Uid is not null)
            {
                preconditions["uid"] = Uid;
            }

            if (ResourceVersion is not null)
            {
                preconditions["resourceVersion"] = ResourceVersion;
            }
        }

        return json;
    }
}
