using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>
/// Has the usage of quotas counted anew: when they are first seen, when they do not say all, and every five minutes. The server notes usage
/// in the same write as what uses it, deletions and new limits too, so that usually nothing is found and nothing written. It also counts
/// itself, where no write can come between; a status without usage asks it to.
/// </summary>
internal sealed class QuotaController : Controller
{
    private static readonly TimeSpan _period = TimeSpan.FromMinutes(5);
    private readonly Informer<ResourceQuota> _quotas;

    /// <summary>Makes one.</summary>
    public QuotaController(ControllerContext context)
        : base("resourcequota", context)
    {
        _quotas = context.Informers.Of(Resources.ResourceQuotas);
        _quotas.Subscribe((before, now) =>
        {
            if (now is not null && (before is null || !IsComplete(now)))
            {
                Queue.Add(now.Key);
            }
        });
    }

    /// <inheritdoc/>
    protected override async Task RunInBackgroundAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(_period, Context.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                foreach (var quota in _quotas.All)
                {
                    Queue.Add(quota.Key);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_quotas.Find(key) is { Metadata.IsBeingDeleted: false } quota)
        {
            // On no condition but that it is this quota: what is counted is the server's affair, and usage changes all the time.
            var patch = new JsonObject
            {
                ["metadata"] = new JsonObject { ["uid"] = quota.Metadata.Uid },
                ["status"] = new JsonObject { ["used"] = null },
            };
            await Context.Client.PatchAsync(
                Resources.ResourceQuotas, key.Namespace, key.Name, patch, PatchKind.Merge, "status", cancellation);
        }
    }

    /// <summary>Whether a quota says of all that it limits how much is used.</summary>
    private static bool IsComplete(ResourceQuota quota) => quota.Spec.Hard.All(
        limit => quota.Status.Used.ContainsKey(limit.Key) && quota.Status.Hard.TryGetValue(limit.Key, out var known) && known == limit.Value);
}
