using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>Makes the jobs of cron jobs when it is time, and deletes those that are old.</summary>
internal sealed class CronJobController : Controller
{
    private const string Component = "cronjob-controller";

    /// <summary>How long behind a time it is looked whether it has come, so that it has.</summary>
    private static readonly TimeSpan _lateness = TimeSpan.FromMilliseconds(100);

    private readonly Informer<CronJob> _crons;
    private readonly OwnedObjects<Job> _owned;

    /// <summary>Makes one.</summary>
    public CronJobController(ControllerContext context)
        : base("cron jobs", context)
    {
        _crons = context.Informers.Of(Resources.CronJobs);
        var jobs = context.Informers.Of(Resources.Jobs);
        _owned = OwnedObjects<Job>.In(jobs);
        _crons.Subscribe((before, now) => Queue.Add((now ?? before!).Key));
        jobs.Subscribe(new OwnerWatch<CronJob>(Resources.CronJobs, _crons, _ => LabelSelector.Nothing, null, Queue.Add).OnChange);
    }

    /// <summary>The name of the job of a time: one only can have it, so that nothing is run twice.</summary>
    public static string NameOf(CronJob cron, DateTimeOffset time) =>
        string.Create(CultureInfo.InvariantCulture, $"{cron.Metadata.Name}-{time.ToUnixTimeSeconds() / 60}");

    /// <summary>The job of a time.</summary>
    public static JsonObject MakeJob(CronJob cron, DateTimeOffset time, TimeZoneInfo zone)
    {
        var template = cron.Spec.JobTemplate;
        var annotations = template["metadata"]?["annotations"]?.DeepClone() as JsonObject ?? [];
        annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] = LocalText(time, zone);
        var metadata = new JsonObject
        {
            ["name"] = NameOf(cron, time),
            ["annotations"] = annotations,
            ["ownerReferences"] = new JsonArray(OwnerReference.ToController(Resources.CronJobs, cron)),
        };
        if (template["metadata"]?["labels"] is { } labels)
        {
            metadata["labels"] = labels.DeepClone();
        }

        return new JsonObject
        {
            ["apiVersion"] = Resources.Jobs.ApiVersion,
            ["kind"] = Resources.Jobs.Kind,
            ["metadata"] = metadata,
            ["spec"] = template["spec"]?.DeepClone() ?? new JsonObject(),
        };
    }

    /// <summary>The jobs that are too old to be kept.</summary>
    public static IEnumerable<Job> Old(CronJobSpec spec, IReadOnlyList<Job> jobs)
    {
        return Older("Complete", spec.SuccessfulJobsHistoryLimit).Concat(Older("Failed", spec.FailedJobsHistoryLimit));

        IEnumerable<Job> Older(string ending, int? limit) => jobs
            .Where(job => limit is not null && job.Ending?.Type == ending)
            .OrderBy(job => job.Status.StartTime ?? DateTimeOffset.MaxValue).ThenBy(job => job.Metadata.Name, StringComparer.Ordinal)
            .SkipLast(limit ?? 0);
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_crons.Find(key) is not { } cron)
        {
            return;
        }

        var jobs = _owned.Of(cron.Metadata.Uid);
        if (jobs.Any(job => job.Ending is null && !Array.Exists(cron.Status.Active, a => a.Uid == job.Metadata.Uid)))
        {
            // Perhaps the status has been written, and the cache does not have it yet.
            cron = await Context.Client.FindAsync(Resources.CronJobs, key.Namespace, key.Name, cancellation);
            if (cron is null)
            {
                return;
            }
        }

        var draft = new CronDraft(cron.Status);
        try
        {
            await LookAtJobsAsync(cron, jobs, draft, cancellation);
            if (!cron.Metadata.IsBeingDeleted)
            {
                await RunWhenDueAsync(cron, draft, cancellation);
            }
        }
        finally
        {
            var status = draft.ToJson();
            if (!JsonNode.DeepEquals(new CronDraft(cron.Status).ToJson(), status))
            {
                await Context.Client.PatchStatusAsync(Resources.CronJobs, cron, status, cancellation);
            }
        }
    }

    private async Task LookAtJobsAsync(CronJob cron, IReadOnlyList<Job> jobs, CronDraft draft, CancellationToken cancellation)
    {
        foreach (var job in jobs)
        {
            LookAt(cron, job, draft);
        }

        foreach (var gone in draft.Active.Where(a => jobs.All(job => job.Metadata.Uid != a.Uid)).ToArray())
        {
            if (await Context.Client.FindAsync(Resources.Jobs, cron.Metadata.Namespace, gone.Name, cancellation) is null)
            {
                Tell(cron, "MissingJob", $"Active job went missing: {gone.Name}");
                draft.Remove(gone.Uid);
            }
        }

        foreach (var job in Old(cron.Spec, jobs))
        {
            await DeleteAsync(cron, job, draft, cancellation);
        }
    }

    private void LookAt(CronJob cron, Job job, CronDraft draft)
    {
        if (job.Ending is { } ending)
        {
            if (draft.Has(job.Metadata.Uid))
            {
                draft.Remove(job.Metadata.Uid);
                Tell(cron, "SawCompletedJob", $"Saw completed job: {job.Metadata.Name}, condition: {ending.Type}");
            }

            draft.NoteSuccess(job);
        }
        else if (!draft.Has(job.Metadata.Uid))
        {
            Warn(cron, "UnexpectedJob", $"Saw a job that the controller did not create or forgot: {job.Metadata.Name}");
        }
    }

    private async Task RunWhenDueAsync(CronJob cron, CronDraft draft, CancellationToken cancellation)
    {
        var zone = TimeZoneInfo.Utc;
        if (cron.Spec.TimeZone is { } name && !TimeZoneInfo.TryFindSystemTimeZoneById(name, out zone!))
        {
            Warn(cron, "UnknownTimeZone", $"invalid timeZone: \"{name}\": unknown time zone {name}");
            return;
        }

        if (cron.Spec.Suspend)
        {
            return;
        }

        if (!CronSchedule.TryParse(cron.Spec.Schedule, out var schedule, out var problem))
        {
            Warn(cron, "UnparseableSchedule", $"unparseable schedule: \"{cron.Spec.Schedule}\" : {problem}");
            return;
        }

        var now = Context.Clock.GetUtcNow();
        var times = CronTimes.Of(cron, schedule, zone, now);
        if (times.Next is { } next)
        {
            Queue.AddAfter(cron.Key, next - now + _lateness);
        }

        if (times.IsMany)
        {
            Warn(
                cron, "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
        }

        if (times.Due is { } due && due != cron.Status.LastScheduleTime && !draft.Active.Any(job => job.Name == NameOf(cron, due)))
        {
            await RunAsync(cron, due, zone, draft, cancellation);
        }
    }

    private async Task RunAsync(CronJob cron, DateTimeOffset due, TimeZoneInfo zone, CronDraft draft, CancellationToken cancellation)
    {
        if (cron.Spec.ConcurrencyPolicy == "Forbid" && draft.Active.Count > 0)
        {
            Tell(
                cron, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
            return;
        }

        if (cron.Spec.ConcurrencyPolicy == "Replace")
        {
            foreach (var active in draft.Active.ToArray())
            {
                if (await Context.Client.FindAsync(Resources.Jobs, cron.Metadata.Namespace, active.Name, cancellation) is { } running)
                {
                    await DeleteAsync(cron, running, draft, cancellation);
                }
            }
        }

        if (await CreateAsync(cron, MakeJob(cron, due, zone), cancellation) is { } job && !draft.Has(job.Metadata.Uid))
        {
            draft.Add(job);
            draft.LastScheduleTime = due;
        }
    }

    /// <summary>Creates the job of a time, or finds it created. Null: somebody else has its name.</summary>
    private async Task<Job?> CreateAsync(CronJob cron, JsonObject job, CancellationToken cancellation)
    {
        try
        {
            var created = await Context.Client.CreateAsync(Resources.Jobs, cron.Metadata.Namespace, job, cancellation);
            Tell(cron, "SuccessfulCreate", $"Created job {created.Metadata.Name}");
            return created;
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            var name = job["metadata"]!["name"]!.GetValue<string>();
            var known = await Context.Client.FindAsync(Resources.Jobs, cron.Metadata.Namespace, name, cancellation);
            return known is not null && known.Metadata.IsControlledBy(cron.Metadata.Uid) ? known : null;
        }
        catch (ApiStatusException e) when (!e.IsNamespaceTerminating)
        {
            Warn(cron, "FailedCreate", $"Error creating job: {e.Message}");
            throw;
        }
    }

    private async Task DeleteAsync(CronJob cron, Job job, CronDraft draft, CancellationToken cancellation)
    {
        if (job.Metadata.IsBeingDeleted)
        {
            draft.Remove(job.Metadata.Uid);
            return;
        }

        try
        {
            var options = new DeleteOptions { Uid = job.Metadata.Uid, Propagation = "Background" };
            if (await Context.Client.DeleteAsync(Resources.Jobs, job.Metadata.Namespace, job.Metadata.Name, options, cancellation))
            {
                Tell(cron, "SuccessfulDelete", $"Deleted job {job.Metadata.Name}");
            }

            draft.Remove(job.Metadata.Uid);
        }
        catch (ApiStatusException e)
        {
            Warn(cron, "FailedDelete", $"Deleted job: {e.Message}");
            throw;
        }
    }

    private static string LocalText(DateTimeOffset time, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(time, zone);
        return local.Offset == TimeSpan.Zero
            ? TimeText.Format(local)
            : local.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);
    }

    private void Tell(CronJob cron, string reason, string message) =>
        Context.Events.Normal(Resources.CronJobs, cron, reason, message, Component);

    private void Warn(CronJob cron, string reason, string message) =>
        Context.Events.Warning(Resources.CronJobs, cron, reason, message, Component);
}
