using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>Takes back that a pod is about to be disrupted (condition DisruptionTarget), if nobody has deleted it for two minutes.</summary>
internal sealed class StaleDisruptionController : Controller
{
    private const string ConditionType = "DisruptionTarget";
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(2);
    private readonly Informer<Pod> _pods;

    /// <summary>Makes one.</summary>
    public StaleDisruptionController(ControllerContext context)
        : base("stale disruptions", context)
    {
        _pods = context.Informers.Of(Resources.Pods);
        _pods.Subscribe((_, now) =>
        {
            if (now is not null && Since(now) is not null)
            {
                Queue.Add(now.Key);
            }
        });
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_pods.Find(key) is not { } pod || Since(pod) is not { } since)
        {
            return;
        }

        var now = Context.Clock.GetUtcNow();
        if (since + _timeout > now)
        {
            Queue.AddAfter(key, since + _timeout - now);
            return;
        }

        var condition = new JsonObject
        {
            ["type"] = ConditionType,
            ["status"] = "False",
            ["lastTransitionTime"] = TimeText.Format(now),
            ["reason"] = null,
            ["message"] = null,
        };
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid, ["resourceVersion"] = pod.Metadata.ResourceVersion },
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) },
        };
        await Context.Client.PatchAsync(Resources.Pods, key.Namespace, key.Name, patch, PatchKind.Strategic, "status", cancellation);
    }

    /// <summary>Since when a pod is said to be about to go; null: it is not, or it goes, or its node said so, which may take its time.</summary>
    private static DateTimeOffset? Since(Pod pod) =>
        !pod.Metadata.IsBeingDeleted && !pod.IsFinished
        && pod.Status.Find(ConditionType) is { IsTrue: true, Reason: not "TerminationByKubelet" } condition
            ? condition.LastTransitionTime
            : null;
}
