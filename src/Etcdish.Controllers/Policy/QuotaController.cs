using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>
/// Has the usage of quotas counted anew when they are first seen, and every five minutes. The server notes usage in the same write as what
/// uses it, so that usually nothing is found; it also counts itself, where no write can come between: it is asked to by a status without usage.
/// </summary>
internal sealed class QuotaController : Controller
{
    private static readonly TimeSpan _period = TimeSpan.FromMinutes(5);
    private readonly Informer<ResourceQuota> _quotas;

    /// <summary>Makes one.</summary>
    public QuotaController(ControllerContext context)
        : base("quotas", context)
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
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_quotas.Find(key) is { Metadata.IsBeingDeleted: false } quota)
        {
            Queue.AddAfter(key, _period);
            await Context.Client.PatchStatusAsync(
                Resources.ResourceQuotas, quota, new JsonObject { ["used"] = null }, cancellation);
        }
    }

    /// <summary>Whether a quota says of all that it limits how much is used.</summary>
    private static bool IsComplete(ResourceQuota quota) => quota.Spec.Hard.All(
        limit => quota.Status.Used.ContainsKey(limit.Key) && quota.Status.Hard.TryGetValue(limit.Key, out var known) && known == limit.Value);
}
