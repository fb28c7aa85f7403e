using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Control;

/// <summary>A Lease as an election reads it, whole, so that what else is in it survives.</summary>
/// <param name="json">As it was read. Never changed.</param>
internal sealed class LeaseRecord(JsonObject json)
{
    /// <summary>Who holds it; empty: nobody.</summary>
    public string Holder { get; } = json["spec"]?["holderIdentity"]?.GetValue<string>() ?? "";

    /// <summary>How long it holds behind its last change.</summary>
    public TimeSpan Duration { get; } = TimeSpan.FromSeconds(json["spec"]?["leaseDurationSeconds"]?.GetValue<int>() ?? 0);

    /// <summary>The revision of its last change.</summary>
    public string Revision { get; } = json["metadata"]?["resourceVersion"]?.GetValue<string>() ?? "";

    private int Transitions { get; } = json["spec"]?["leaseTransitions"]?.GetValue<int>() ?? 0;

    /// <summary>A first lease, held by a candidate.</summary>
    public static JsonObject New(LeaderElectionOptions options, DateTimeOffset now) => new()
    {
        ["apiVersion"] = "coordination.k8s.io/v1",
        ["kind"] = "Lease",
        ["metadata"] = new JsonObject { ["name"] = options.Name, ["namespace"] = options.Namespace },
        ["spec"] = new JsonObject
        {
            ["holderIdentity"] = options.Identity,
            ["leaseDurationSeconds"] = Seconds(options.LeaseDuration),
            ["acquireTime"] = TimeText.FormatMicro(now),
            ["renewTime"] = TimeText.FormatMicro(now),
            ["leaseTransitions"] = 0,
        },
    };

    /// <summary>This lease, held by a candidate from now on, or still.</summary>
    public JsonObject HeldBy(LeaderElectionOptions options, DateTimeOffset now)
    {
        var (lease, spec) = Copy();
        spec["leaseDurationSeconds"] = Seconds(options.LeaseDuration);
        spec["renewTime"] = TimeText.FormatMicro(now);
        if (Holder != options.Identity)
        {
            spec["holderIdentity"] = options.Identity;
            spec["acquireTime"] = TimeText.FormatMicro(now);
            spec["leaseTransitions"] = Transitions + 1;
        }

        return lease;
    }

    /// <summary>This lease, nobody's: it runs out in a second for those who do not look at its holder.</summary>
    public JsonObject Released(DateTimeOffset now)
    {
        var (lease, spec) = Copy();
        spec["holderIdentity"] = "";
        spec["leaseDurationSeconds"] = 1;
        spec["renewTime"] = TimeText.FormatMicro(now);
        spec["acquireTime"] = TimeText.FormatMicro(now);
        return lease;
    }

    private static int Seconds(TimeSpan time) => (int)time.TotalSeconds;

    private (JsonObject Lease, JsonObject Spec) Copy()
    {
        var lease = (JsonObject)json.DeepClone();
        if (lease["spec"] is not JsonObject spec)
        {
            lease["spec"] = spec = [];
        }

        return (lease, spec);
    }
}
