using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.DaemonSets;

/// <summary>Decides where pods of a daemon set are missing or too many, whatever their revision.</summary>
/// <param name="view">What is there.</param>
/// <param name="backoff">How long failed pods are left alone.</param>
internal sealed class DaemonPlanner(DaemonView view, FailedPodBackoff backoff)
{
    private readonly DaemonPlan _plan = new();

    /// <summary>What is to be done.</summary>
    public DaemonPlan Plan()
    {
        foreach (var node in view.Nodes)
        {
            PlanNode(node, view.On(node));
        }

        _plan.Delete.AddRange(view.Stranded());
        return _plan;
    }

    private void PlanNode(string node, List<Pod> pods)
    {
        if (pods.Count == 0)
        {
            if (view.ShouldRun(node))
            {
                _plan.CreateOn.Add(node);
            }
        }
        else if (!view.MayStay(node))
        {
            _plan.Delete.AddRange(pods.Where(pod => !pod.Metadata.IsBeingDeleted));
        }
        else
        {
            PlanPods(node, pods);
        }
    }

    private void PlanPods(string node, List<Pod> pods)
    {
        List<Pod> running = new(pods.Count);
        var isLeftAlone = false;
        foreach (var pod in pods)
        {
            if (pod.IsActive)
            {
                running.Add(pod);
            }
            else if (!pod.Metadata.IsBeingDeleted)
            {
                isLeftAlone |= !TryEnd(pod, node);
            }
        }

        if (DaemonRollout.AllowsSurge(view.Set))
        {
            PlanWithSurge(node, running, isLeftAlone);
        }
        else if (running.Count > 1)
        {
            _plan.Delete.AddRange(running[1..]);
        }
    }

    /// <summary>False: the pod has failed, and is left alone for a while.</summary>
    private bool TryEnd(Pod pod, string node)
    {
        var set = view.Set;
        if (pod.Status.Phase == "Failed"
            && !backoff.MayReplace(set.Metadata.Uid, set.Status.ObservedGeneration, node, view.Now, out var wait))
        {
            _plan.LookAgainAfter = _plan.LookAgainAfter is { } sooner && sooner < wait ? sooner : wait;
            return false;
        }

        _plan.Delete.Add(pod);
        _plan.Ended.Add((pod, node));
        return true;
    }

    /// <summary>
    /// With surge there may be two: the oldest old one while it is ready, and the oldest new one until it is available. A pod that is
    /// ending does not count: its successor may come before it is gone.
    /// </summary>
    private void PlanWithSurge(string node, List<Pod> running, bool isLeftAlone)
    {
        if (running.Count == 0 && !isLeftAlone && view.ShouldRun(node))
        {
            _plan.CreateOn.Add(node);
        }

        if (running.Count <= 1)
        {
            return;
        }

        Pod? newest = null, former = null;
        foreach (var pod in running)
        {
            if (DaemonPods.IsUpdated(pod, view.Hash) && newest is null)
            {
                newest = pod;
            }
            else if (!DaemonPods.IsUpdated(pod, view.Hash) && former is null)
            {
                former = pod;
            }
            else
            {
                _plan.Delete.Add(pod);
            }
        }

        if (newest is not null && former is not null && (!former.IsReady || view.IsAvailable(newest)))
        {
            _plan.Delete.Add(former);
        }
    }
}
