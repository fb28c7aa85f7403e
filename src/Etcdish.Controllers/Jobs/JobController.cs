using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>Runs the pods of jobs, counts how they end (<see cref="JobCounting"/>), and says when a job has ended.</summary>
internal sealed class JobController : Controller
{
    private const string Component = "job-controller";
    private static readonly TimeSpan _firstWait = TimeSpan.FromSeconds(10);

    private readonly TimeSpan _wait;
    private readonly Informer<Job> _jobs;
    private readonly ObjectClaims<Pod> _claims;
    private readonly PodControl<Job> _control;
    private readonly FinalizerRemoval _finalizers;

    /// <summary>By uid: the failures of jobs, of which the pods may be gone.</summary>
    private readonly ConcurrentDictionary<string, JobBackoff> _backoffs = [];

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="firstWait">How long a failed pod is not replaced at first; null: 10 s.</param>
    public JobController(ControllerContext context, TimeSpan? firstWait = null)
        : base("job", context)
    {
        _wait = firstWait ?? _firstWait;
        _jobs = context.Informers.Of(Resources.Jobs);
        var pods = context.Informers.Of(Resources.Pods);
        _claims = new ObjectClaims<Pod>(context.Client, Resources.Pods, pods, JobPods.Finalizer);
        _control = new PodControl<Job>(context, Resources.Jobs, Component);
        _finalizers = new FinalizerRemoval(context);
        _jobs.Subscribe(OnChange);
        pods.Subscribe(new OwnerWatch<Job>(Resources.Jobs, _jobs, job => job.Spec.Selector, _control.Expectations, Queue.Add).OnChange);
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_jobs.Find(key) is not { Ending: null } job || job.Spec.ManagedBy is not ("" or "kubernetes.io/job-controller"))
        {
            return;
        }

        var isSettled = _control.Expectations.AreMet(key);
        var pods = await _claims.ClaimAsync(Resources.Jobs, job, pod => job.Spec.Selector.Matches(pod.Metadata.Labels), cancellation);
        var picture = new JobPicture(job, pods, _finalizers.IsUnseen);
        var now = Context.Clock.GetUtcNow();
        var draft = new JobDraft(job.Status)
        {
            Active = picture.Active.Count,
            Ready = picture.Active.Count(pod => pod.IsReady),
            Terminating = picture.Terminating,
        };
        if (draft.StartTime is null && !job.Spec.Suspend)
        {
            draft.StartTime = now;
        }

        var verdict = JobVerdict.Of(picture, now);
        var failure = verdict is null
            ? isSettled && !job.Metadata.IsBeingDeleted ? await ManageAsync(picture, draft, now, cancellation) : null
            : await DeleteAsync(picture, picture.Active, draft, cancellation);
        if (verdict is not null)
        {
            // While pods may be under way that are not seen yet, none of what there is may be the last.
            verdict = failure is null && isSettled ? verdict : null;
        }
        else if (draft.Active == 0 && (job.Spec.Completions is { } wanted ? picture.Succeeded >= wanted : picture.Succeeded > 0))
        {
            verdict = JobVerdict.Done;
        }
        else if (isSettled && !job.Metadata.IsBeingDeleted)
        {
            NoteSuspension(job, draft, now);
        }

        await CountAsync(picture, draft, verdict, failure, cancellation);
    }

    private void OnChange(Job? before, Job? now)
    {
        if (before is not null && before.Metadata.Uid != now?.Metadata.Uid)
        {
            _control.Expectations.Forget(before.Key);
            _backoffs.TryRemove(before.Metadata.Uid, out _);
        }

        Queue.Add((now ?? before!).Key);
    }

    /// <summary>Brings the number of pods to what is wanted.</summary>
    private async Task<ApiStatusException?> ManageAsync(JobPicture picture, JobDraft draft, DateTimeOffset now, CancellationToken cancellation)
    {
        var job = picture.Job;
        if (JobVerdict.DeadlineOf(job) is { } deadline)
        {
            Queue.AddAfter(job.Key, deadline - now);
        }

        var plan = JobPlan.For(picture, BackoffOf(picture), _wait, now);
        if (plan.RetryAfter > TimeSpan.Zero)
        {
            Queue.AddAfter(job.Key, plan.RetryAfter);
        }

        if (plan.Delete.Count > 0)
        {
            // Pods that are too many have not failed: they are let go first, so that they are never counted.
            var (_, refusal) = await _finalizers.RemoveAsync([.. plan.Delete.Where(pod => pod.IsTracked())], cancellation);
            return refusal ?? await DeleteAsync(picture, plan.Delete, draft, cancellation);
        }

        if (plan.Create == 0)
        {
            return null;
        }

        var failure = await _control.CreateManyAsync(job, plan.Create, number => Make(picture, plan, number), cancellation);
        draft.Active += failure is null ? plan.Create : 0;
        return failure;
    }

    private static JsonObject Make(JobPicture picture, JobPlan plan, int number)
    {
        int? index = plan.Indexes.Count == 0 ? null : plan.Indexes[number];
        return JobPodMaker.Make(picture.Job, index, index is { } i ? picture.WaitingForReplacement.GetValueOrDefault(i) : null);
    }

    private async Task<ApiStatusException?> DeleteAsync(
        JobPicture picture, IReadOnlyList<Pod> pods, JobDraft draft, CancellationToken cancellation)
    {
        var failure = await _control.DeleteManyAsync(picture.Job, pods, cancellation);
        if (failure is null)
        {
            draft.Active -= pods.Count;
            draft.Terminating += pods.Count;
            draft.Ready -= pods.Count(pod => pod.IsReady);
        }

        return failure;
    }

    private void NoteSuspension(Job job, JobDraft draft, DateTimeOffset now)
    {
        if (job.Spec.Suspend)
        {
            if (draft.Set("Suspended", true, "JobSuspended", "Job suspended", now))
            {
                Context.Events.Normal(Resources.Jobs, job, "Suspended", "Job suspended", Component);
            }
        }
        else if (draft.Set("Suspended", false, "JobResumed", "Job resumed", now))
        {
            // The time of a job that was suspended begins again, and with it that of its deadline.
            draft.StartTime = now;
            Context.Events.Normal(Resources.Jobs, job, "Resumed", "Job resumed", Component);
        }
    }

    /// <summary>The failures of a job; if they are not remembered, they are what its pods tell that are counted.</summary>
    private JobBackoff BackoffOf(JobPicture picture)
    {
        var known = _backoffs.TryGetValue(picture.Job.Metadata.Uid, out var remembered)
            ? remembered
            : default(JobBackoff).After(
                [.. picture.Pods.Where(pod => pod.Status.Phase == "Succeeded").Except(picture.NewlySucceeded)],
                [.. picture.Pods.Where(pod => pod.HasFailed(picture.Job.Spec)).Except(picture.NewlyFailed)]);
        return known.After(picture.NewlySucceeded, picture.NewlyFailed);
    }

    /// <summary>Counts pods that have ended, and ends the job if it is to end and all are counted.</summary>
    private async Task CountAsync(
        JobPicture picture, JobDraft draft, JobVerdict? verdict, ApiStatusException? failure, CancellationToken cancellation)
    {
        var now = Context.Clock.GetUtcNow();
        var held = picture.Pods.Where(picture.IsTracked).Select(pod => pod.Metadata.Uid).ToHashSet();
        draft.CountReleased(held);
        var (releasable, isAll) = JobCounting.Note(picture, draft, verdict);
        if (verdict is not null)
        {
            draft.Set(verdict.FirstCondition, true, verdict.Reason, verdict.Message, now);
        }

        var job = await WriteAsync(picture.Job, draft, cancellation);
        _backoffs[job.Metadata.Uid] = BackoffOf(picture);
        var (removed, refusal) = await _finalizers.RemoveAsync(releasable, cancellation);
        held.ExceptWith(removed);
        draft.CountReleased(held);
        failure ??= refusal;
        var hasEnded = verdict is not null && failure is null && isAll && draft is { Uncounted: 0, Terminating: 0 };
        if (hasEnded)
        {
            draft.End(verdict!, now);
        }

        await WriteAsync(job, draft, cancellation);
        if (hasEnded)
        {
            Tell(job, draft, verdict!);
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    private async Task<Job> WriteAsync(Job job, JobDraft draft, CancellationToken cancellation)
    {
        var status = draft.ToJson();
        return job.Status.UncountedTerminatedPods is not null && JsonNode.DeepEquals(new JobDraft(job.Status).ToJson(), status)
            ? job
            : await Context.Client.PatchStatusAsync(Resources.Jobs, job, status, cancellation);
    }

    private void Tell(Job job, JobDraft draft, JobVerdict verdict)
    {
        if (!verdict.IsSuccess)
        {
            Context.Events.Warning(Resources.Jobs, job, verdict.Reason, verdict.Message, Component);
            return;
        }

        if (draft.Succeeded > job.Spec.Completions)
        {
            Context.Events.Warning(
                Resources.Jobs, job, "TooManySucceededPods", "Too many succeeded pods running after completion count reached", Component);
        }

        Context.Events.Normal(Resources.Jobs, job, "Completed", "Job completed", Component);
    }
}
