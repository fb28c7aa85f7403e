using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>
/// Removes the finalizer of pods that wait for a job to count them, when no job will: it is gone or has ended, or they are no longer its own.
/// Without this they could never be deleted.
/// </summary>
internal sealed class OrphanPodController : Controller
{
    private readonly Informer<Job> _jobs;
    private readonly Informer<Pod> _pods;
    private readonly Index<Job> _jobsByNamespace;
    private readonly FinalizerRemoval _finalizers;

    /// <summary>Makes one.</summary>
    public OrphanPodController(ControllerContext context)
        : base("job pods without job", context)
    {
        _jobs = context.Informers.Of(Resources.Jobs);
        _pods = context.Informers.Of(Resources.Pods);
        _jobsByNamespace = _jobs.AddIndex(job => [job.Metadata.Namespace]);
        _finalizers = new FinalizerRemoval(context);
        var owned = OwnedObjects<Pod>.In(_pods);
        _pods.Subscribe((_, now) =>
        {
            if (now is not null)
            {
                Look(now);
            }
        });
        _jobs.Subscribe((before, now) =>
        {
            if (now is not { Ending: null })
            {
                foreach (var pod in owned.Of((before ?? now)!.Metadata.Uid))
                {
                    Look(pod);
                }
            }
        });
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_pods.Find(key) is not { } pod || !IsAbandoned(pod))
        {
            return;
        }

        // The cache may not have the job yet: only the server knows that there is none.
        if (pod.Metadata.Controller is { } owner
            && await Context.Client.FindAsync(Resources.Jobs, key.Namespace, owner.Name, cancellation) is { Ending: null } job
            && job.Metadata.Uid == owner.Uid)
        {
            return;
        }

        var (_, failure) = await _finalizers.RemoveAsync([pod], cancellation);
        if (failure is not null)
        {
            throw failure;
        }
    }

    private void Look(Pod pod)
    {
        if (pod.IsTracked() && IsAbandoned(pod))
        {
            Queue.Add(pod.Key);
        }
    }

    private bool IsAbandoned(Pod pod)
    {
        if (!pod.IsTracked())
        {
            return false;
        }

        if (pod.Metadata.Controller is not { } owner)
        {
            return !_jobsByNamespace[pod.Metadata.Namespace].Any(job => job.Spec.Selector.Matches(pod.Metadata.Labels));
        }

        return owner is { Kind: "Job", ApiVersion: "batch/v1" }
            && (_jobs.Find(pod.Metadata.Namespace, owner.Name) is not { } found || found.Metadata.Uid != owner.Uid || found.Ending is not null);
    }
}
