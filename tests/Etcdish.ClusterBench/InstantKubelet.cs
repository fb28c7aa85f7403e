using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.ClusterBench;

/// <summary>
/// Runs pods that need nothing: each is ready as soon as it is seen, on a node or not, and gone as soon as it is deleted.
/// </summary>
public sealed class InstantKubelet : Controller
{
    private readonly Func<Pod, bool> _keep;

    public InstantKubelet(ControllerContext context, Func<Pod, bool>? keep = null)
        : base("instant kubelet", context)
    {
        _keep = keep ?? (_ => false);
        context.Informers.Of(Resources.Pods).Subscribe((_, now) =>
        {
            if (now is not null)
            {
                Queue.Add(now.Key);
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (Context.Informers.Of(Resources.Pods).Find(key) is not { } pod || _keep(pod))
        {
            return;
        }

        if (pod.Metadata.IsBeingDeleted)
        {
            var options = new Kubernetes.Client.DeleteOptions { GracePeriodSeconds = 0, Uid = pod.Metadata.Uid };
            await Context.Client.DeleteAsync(Resources.Pods, key.Namespace, key.Name, options, cancellation);
        }
        else if (pod.Status.Phase is "" or "Pending")
        {
            await Context.Client.PatchStatusAsync(Resources.Pods, pod, Running(TimeText.Format(Context.Clock.GetUtcNow())), cancellation);
        }
    }

    private static JsonObject Running(string now) => new()
    {
        ["phase"] = "Running",
        ["podIP"] = "10.0.0.1",
        ["startTime"] = now,
        ["conditions"] = new JsonArray(
            new JsonObject { ["type"] = "Ready", ["status"] = "True", ["lastTransitionTime"] = now }),
    };
}
