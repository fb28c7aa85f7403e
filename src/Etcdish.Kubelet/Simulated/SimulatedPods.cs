using System.Collections.Concurrent;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Simulated;

/// <summary>
/// Runs the pods of all simulated nodes, in memory: a pod that is bound to one of them becomes ready, those that are to end do, and one
/// that
/// is deleted goes. One status is written for each step of a pod, without regard to who else writes it: conditions of others stay.
/// </summary>
internal sealed class SimulatedPods : Controller
{
    private readonly SimulatedNodesOptions _options;
    private readonly IReadOnlyDictionary<string, SimulatedNode> _nodes;
    private readonly Informer<Pod> _pods;
    private readonly ConcurrentDictionary<ObjectKey, PodRecord> _records = [];

    /// <summary>Makes one.</summary>
    /// <param name="context">What it works with.</param>
    /// <param name="options">How long things take.</param>
    /// <param name="nodes">The nodes, by name.</param>
    public SimulatedPods(ControllerContext context, SimulatedNodesOptions options, IReadOnlyDictionary<string, SimulatedNode> nodes)
        : base("simulated nodes", context)
    {
        _options = options;
        _nodes = nodes;
        _pods = context.Informers.Of(Resources.Pods);
        _pods.Subscribe(OnPod);
    }

    /// <summary>Looks at all pods of a node.</summary>
    public void LookAgain(string node)
    {
        foreach (var pod in _pods.All)
        {
            if (pod.Spec.NodeName == node)
            {
                Queue.Add(pod.Key);
            }
        }
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        var pod = _pods.Find(key);
        if (pod is null || !_nodes.TryGetValue(pod.Spec.NodeName, out var node))
        {
            Forget(key);
            return;
        }

        var now = Context.Clock.GetUtcNow();
        var record = RecordOf(key, pod, node, now);
        if (!node.IsUp)
        {
            return;
        }

        record.StoppingSince ??= pod.Metadata.IsBeingDeleted ? now : null;
        var (action, due) = PodPlan.Next(pod, record, _options);
        if (action == PodAction.None)
        {
            return;
        }

        if (due > now)
        {
            Queue.AddAfter(key, due - now);
            return;
        }

        await DoAsync(action, pod, record, cancellation);
        Queue.Add(key);
    }

    private void OnPod(Pod? before, Pod? now)
    {
        if (now is null)
        {
            if (_nodes.ContainsKey(before!.Spec.NodeName))
            {
                Queue.Add(before.Key);
            }

            return;
        }

        // What has an address keeps it before any other is given one: here, and not when its turn comes.
        if (before is null && now.Status.PodIp.Length > 0 && _nodes.TryGetValue(now.Spec.NodeName, out var node))
        {
            var record = RecordOf(now.Key, now, node, Context.Clock.GetUtcNow());
            if (!now.Metadata.IsBeingDeleted && PodPlan.Next(now, record, _options).Action == PodAction.None)
            {
                // It runs: what was just started is not to wait behind all of these.
                return;
            }
        }

        // What a node writes itself comes back as a change, too, and is most of all changes.
        var isNews = before is null || before.Spec.NodeName != now.Spec.NodeName || before.Metadata.Uid != now.Metadata.Uid
            || before.Metadata.IsBeingDeleted != now.Metadata.IsBeingDeleted || now.Spec.ReadinessGates is not null;
        if (isNews && _nodes.ContainsKey(now.Spec.NodeName))
        {
            Queue.Add(now.Key);
        }
    }

    private PodRecord RecordOf(ObjectKey key, Pod pod, SimulatedNode node, DateTimeOffset now)
    {
        if (_records.TryGetValue(key, out var known))
        {
            if (known.Uid == pod.Metadata.Uid)
            {
                return known;
            }

            Forget(key);
        }

        return _records[key] = PodRecord.Adopt(pod, node, now);
    }

    private void Forget(ObjectKey key)
    {
        if (_records.TryRemove(key, out var record) && record.Address.Length > 0)
        {
            record.Node.GiveBack(record.Address);
        }
    }

    private async Task DoAsync(PodAction action, Pod pod, PodRecord record, CancellationToken cancellation)
    {
        switch (action)
        {
            case PodAction.Start:
                if (record.Address.Length == 0 && !pod.Spec.HostNetwork)
                {
                    record.Address = record.Node.TakeAddress();
                }

                await GoOnAsync(pod, record, PodStage.Running, cancellation);
                break;
            case PodAction.GetStuck:
                await GoOnAsync(pod, record, PodStage.Stuck, cancellation);
                break;
            case PodAction.End:
                await GoOnAsync(pod, record, PodPlan.AfterEnd(pod), cancellation);
                break;
            case PodAction.WriteReadiness:
                await WriteAsync(pod, record, PodStage.Running, record.Since, cancellation);
                break;
            default:
                await StopAsync(pod, record, cancellation);
                break;
        }
    }

    private async Task StopAsync(Pod pod, PodRecord record, CancellationToken cancellation)
    {
        if (record.Stage is PodStage.Running or PodStage.BackingOff)
        {
            await GoOnAsync(pod, record, PodStage.Ended, cancellation);
        }

        // If it is another one by now, this fails, and the watch will have told by the next look.
        var options = new DeleteOptions { GracePeriodSeconds = 0, Uid = record.Uid };
        await Context.Client.DeleteAsync(Resources.Pods, pod.Metadata.Namespace, pod.Metadata.Name, options, cancellation);
        record.Stage = PodStage.Gone;
    }

    private async Task GoOnAsync(Pod pod, PodRecord record, PodStage stage, CancellationToken cancellation)
    {
        var now = Context.Clock.GetUtcNow();
        if (await WriteAsync(pod, record, stage, now, cancellation))
        {
            record.Restarts = PodStatusWriter.Restarts(record, stage);
            record.Stage = stage;
            record.Since = now;
        }
    }

    private async Task<bool> WriteAsync(Pod pod, PodRecord record, PodStage stage, DateTimeOffset since, CancellationToken cancellation)
    {
        var patch = PodStatusWriter.Write(pod, record, stage, since);
        try
        {
            await Context.Client.PatchAsync(
                Resources.Pods, pod.Metadata.Namespace, pod.Metadata.Name, patch, PatchKind.Strategic, "status", cancellation);
            record.GatesWereOpen = PodPlan.GatesAreOpen(pod);
            return true;
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            // The watch will tell.
            record.Stage = PodStage.Gone;
            return false;
        }
    }
}
