using System.Text.Json.Nodes;
using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Components;

/// <summary>How the parts of the control plane are, found out when it is asked for.</summary>
/// <param name="store">The store that is probed.</param>
/// <param name="objects">Where the leases of those are who lead.</param>
/// <param name="clock">The clock by which leases expire.</param>
internal sealed class ComponentProbes(IObjectStore store, ClusterObjects objects, TimeProvider clock)
{
    private const string Scope = "kube-system";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    /// <summary>The names of the parts, in order.</summary>
    public static IReadOnlyList<string> Names { get; } = ["controller-manager", "etcd-0", "scheduler"];

    /// <summary>Probes a part: a ComponentStatus.</summary>
    public async Task<JsonObject> ProbeAsync(string name, CancellationToken cancellation)
    {
        using var time = new CancellationTokenSource(_patience, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, time.Token);
        try
        {
            return name == "etcd-0" ? await ProbeStoreAsync(limit.Token) : await ProbeLeaderAsync(name, limit.Token);
        }
        catch (StoreUnavailableException e)
        {
            return name == "etcd-0" ? Status(name, "False", e.Message) : Status(name, "Unknown", "", e.Message);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return Status(name, name == "etcd-0" ? "False" : "Unknown", "", "the store did not answer in time");
        }
    }

    private async Task<JsonObject> ProbeStoreAsync(CancellationToken cancellation)
    {
        await store.GetRevisionAsync(cancellation);
        return Status("etcd-0", "True", "ok");
    }

    /// <summary>These run in one place at a time, wherever that is: whoever does holds the lease and renews it.</summary>
    private async Task<JsonObject> ProbeLeaderAsync(string name, CancellationToken cancellation)
    {
        var leases = objects.Type("coordination.k8s.io", "v1", "leases");
        var lease = $"kube-{name}";
        if (await objects.FindAsync(leases, Scope, lease, cancellation) is not { } found)
        {
            return Status(name, "False", $"nobody leads: there is no lease {Scope}/{lease}");
        }

        var spec = found.Part("spec");
        if (spec.Text("holderIdentity") is not { Length: > 0 } holder)
        {
            return Status(name, "False", $"nobody leads: the lease {Scope}/{lease} is held by nobody");
        }

        var renewed = TimeText.TryParse(spec.Text("renewTime"), out DateTimeOffset time) ? time : DateTimeOffset.MinValue;
        var end = renewed + TimeSpan.FromSeconds(spec.Number("leaseDurationSeconds") ?? 0);
        return end > clock.GetUtcNow()
            ? Status(name, "True", "ok")
            : Status(name, "False", $"the lease {Scope}/{lease} was last renewed by {holder} at {TimeText.Format(renewed)}");
    }

    private static JsonObject Status(string name, string isHealthy, string message, string error = "")
    {
        var condition = new JsonObject { ["type"] = "Healthy", ["status"] = isHealthy };
        if (message.Length > 0)
        {
            condition["message"] = message;
        }

        if (error.Length > 0)
        {
            condition["error"] = error;
        }

        return new JsonObject
        {
            ["kind"] = "ComponentStatus",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["conditions"] = new JsonArray(condition),
        };
    }
}
