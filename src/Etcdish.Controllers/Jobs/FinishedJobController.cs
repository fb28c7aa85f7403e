using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>Deletes jobs that ended so long ago as they wish (ttlSecondsAfterFinished), with their pods.</summary>
internal sealed class FinishedJobController : Controller
{
    private readonly Informer<Job> _jobs;

    /// <summary>Makes one.</summary>
    public FinishedJobController(ControllerContext context)
        : base("finished jobs", context)
    {
        _jobs = context.Informers.Of(Resources.Jobs);
        _jobs.Subscribe((_, now) =>
        {
            if (now is not null && DueOf(now) is not null)
            {
                Queue.Add(now.Key);
            }
        });
    }

    /// <summary>When a job is to go; null: never, or not yet known.</summary>
    public static DateTimeOffset? DueOf(Job job) =>
        job is { Metadata.IsBeingDeleted: false, Spec.TtlSecondsAfterFinished: { } seconds, Ending.LastTransitionTime: { } end }
            ? end.AddSeconds(seconds)
            : null;

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_jobs.Find(key) is not { } job || !IsDue(job))
        {
            return;
        }

        // Somebody may have given it more time: the last word is the server's.
        var now = await Context.Client.FindAsync(Resources.Jobs, key.Namespace, key.Name, cancellation);
        if (now is not null && now.Metadata.Uid == job.Metadata.Uid && IsDue(now))
        {
            var options = new DeleteOptions
            {
                Uid = now.Metadata.Uid,
                ResourceVersion = now.Metadata.ResourceVersion,
                Propagation = "Foreground",
            };
            await Context.Client.DeleteAsync(Resources.Jobs, key.Namespace, key.Name, options, cancellation);
        }
    }

    /// <summary>Whether a job is to go now; if it is to go later, it is looked at again then.</summary>
    private bool IsDue(Job job)
    {
        if (DueOf(job) is not { } due)
        {
            return false;
        }

        var left = due - Context.Clock.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            Queue.AddAfter(job.Key, left);
            return false;
        }

        return true;
    }
}
