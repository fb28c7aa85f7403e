using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Jobs;

/// <summary>Lets pods end as a test says: a phase for each, or none to leave it as it is. Deleted pods fail, and are gone.</summary>
internal sealed class JobKubelet : Controller
{
    private readonly Func<Pod, string?> _phaseOf;
    private readonly HashSet<string> _failed = [];

    public JobKubelet(ControllerContext context, Func<Pod, string?> phaseOf)
        : base("kubelet", context)
    {
        _phaseOf = phaseOf;
        context.Informers.Of(Resources.Pods).Subscribe((_, now) =>
        {
            if (now is not null)
            {
                Queue.Add(now.Key);
            }
        });
    }

    /// <summary>How many pods have failed.</summary>
    public int Failed
    {
        get
        {
            lock (_failed)
            {
                return _failed.Count;
            }
        }
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (Context.Informers.Of(Resources.Pods).Find(key) is not { } pod)
        {
            return;
        }

        var phase = pod.IsFinished ? null : pod.Metadata.IsBeingDeleted ? "Failed" : _phaseOf(pod);
        if (phase is not null && phase != pod.Status.Phase)
        {
            await Context.Client.PatchStatusAsync(Resources.Pods, pod, StatusOf(phase), cancellation);
            if (phase == "Failed")
            {
                lock (_failed)
                {
                    _failed.Add(pod.Metadata.Uid);
                }
            }
        }
        else if (pod.Metadata.IsBeingDeleted && pod.Metadata.DeletionGracePeriodSeconds > 0)
        {
            var options = new DeleteOptions { GracePeriodSeconds = 0, Uid = pod.Metadata.Uid };
            await Context.Client.DeleteAsync(Resources.Pods, key.Namespace, key.Name, options, cancellation);
        }
    }

    private JsonObject StatusOf(string phase)
    {
        var now = TimeText.Format(Context.Clock.GetUtcNow());
        var state = phase == "Running"
            ? new JsonObject { ["running"] = new JsonObject { ["startedAt"] = now } }
            : new JsonObject { ["terminated"] = new JsonObject { ["exitCode"] = phase == "Failed" ? 1 : 0, ["finishedAt"] = now } };
        return new JsonObject
        {
            ["phase"] = phase,
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Ready",
                ["status"] = phase == "Running" ? "True" : "False",
                ["lastTransitionTime"] = now,
            }),
            ["containerStatuses"] = new JsonArray(new JsonObject
            {
                ["name"] = "c",
                ["image"] = "i",
                ["imageID"] = "",
                ["ready"] = phase == "Running",
                ["restartCount"] = 0,
                ["state"] = state,
            }),
        };
    }
}
