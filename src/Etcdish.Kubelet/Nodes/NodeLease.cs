using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Nodes;

/// <summary>
/// The node's sign of life: a Lease in kube-node-lease that is renewed every 10 s and holds for 40, whatever else the kubelet is busy with.
/// It belongs to the node, and goes with it.
/// </summary>
internal sealed class NodeLease(KubernetesClient client, string node, TimeProvider clock, Action<string> warn)
{
    private const string Namespace = "kube-node-lease";
    private const int DurationSeconds = 40;
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(7);

    /// <summary>Renews it until it is cancelled.</summary>
    /// <param name="uid">The uid of the node's object now; empty: it has none.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Func<string> uid, CancellationToken cancellation)
    {
        while (true)
        {
            var pause = _firstPause;
            while (!await TryRenewAsync(uid(), cancellation))
            {
                await Task.Delay(pause, clock, cancellation);
                pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
            }

            await Task.Delay(_period, clock, cancellation);
        }
    }

    /// <summary>Renews it once; false if that failed.</summary>
    public async Task<bool> TryRenewAsync(string uid, CancellationToken cancellation)
    {
        try
        {
            await RenewAsync(uid, cancellation);
            return true;
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or JsonException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            warn($"the lease of node {node} cannot be renewed: {e.Message}");
            return false;
        }
    }

    private async Task RenewAsync(string uid, CancellationToken cancellation)
    {
        var now = TimeText.FormatMicro(clock.GetUtcNow());
        var renewal = Encoding.ASCII.GetBytes($$$"""{"spec":{"renewTime":"{{{now}}}"}}""");
        try
        {
            await client.PatchAsync((ApiResource)Resources.Leases, Namespace, node, renewal.AsMemory(), PatchKind.Merge, "", cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            // Without its owner it would outlive the node.
            if (uid.Length > 0)
            {
                await client.SendAsync(HttpMethod.Post, Resources.Leases.Path(Namespace), Make(uid, now), null, cancellation);
            }
        }
    }

    private JsonObject Make(string uid, string now) => new()
    {
        ["apiVersion"] = "coordination.k8s.io/v1",
        ["kind"] = "Lease",
        ["metadata"] = new JsonObject
        {
            ["name"] = node,
            ["ownerReferences"] = new JsonArray(
                new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node, ["uid"] = uid }),
        },
        ["spec"] = new JsonObject { ["holderIdentity"] = node, ["leaseDurationSeconds"] = DurationSeconds, ["renewTime"] = now },
    };
}
