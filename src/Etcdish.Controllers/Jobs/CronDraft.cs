using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>The status of a cron job while it is being worked out.</summary>
internal sealed class CronDraft
{
    private readonly List<ObjectReference> _active;

    /// <summary>Begins with what is there.</summary>
    public CronDraft(CronJobStatus status)
    {
        _active = [.. status.Active];
        LastScheduleTime = status.LastScheduleTime;
        LastSuccessfulTime = status.LastSuccessfulTime;
    }

    /// <summary>Its jobs that go on.</summary>
    public IReadOnlyList<ObjectReference> Active => _active;

    /// <summary>The time of the last run, as scheduled.</summary>
    public DateTimeOffset? LastScheduleTime { get; set; }

    /// <summary>When a run last succeeded.</summary>
    public DateTimeOffset? LastSuccessfulTime { get; private set; }

    /// <summary>Whether a job is among those that go on.</summary>
    public bool Has(string uid) => _active.Exists(job => job.Uid == uid);

    /// <summary>Takes a job from those that go on.</summary>
    public void Remove(string uid) => _active.RemoveAll(job => job.Uid == uid);

    /// <summary>Adds a job to those that go on.</summary>
    public void Add(Job job) => _active.Add(new ObjectReference
    {
        ApiVersion = Resources.Jobs.ApiVersion,
        Kind = Resources.Jobs.Kind,
        Namespace = job.Metadata.Namespace,
        Name = job.Metadata.Name,
        Uid = job.Metadata.Uid,
        ResourceVersion = job.Metadata.ResourceVersion,
    });

    /// <summary>Notes that a job has succeeded.</summary>
    public void NoteSuccess(Job job)
    {
        if (job.Ending is { Type: "Complete" } && job.Status.CompletionTime is { } time && !(LastSuccessfulTime >= time))
        {
            LastSuccessfulTime = time;
        }
    }

    /// <summary>As it is written; what is not there is null, so that it is removed.</summary>
    public JsonObject ToJson() => new()
    {
        ["active"] = _active.Count == 0 ? null : new JsonArray([.. _active.Select(ToJson)]),
        ["lastScheduleTime"] = LastScheduleTime is { } scheduled ? TimeText.Format(scheduled) : null,
        ["lastSuccessfulTime"] = LastSuccessfulTime is { } succeeded ? TimeText.Format(succeeded) : null,
    };

    private static JsonObject ToJson(ObjectReference job) => new()
    {
        ["apiVersion"] = job.ApiVersion,
        ["kind"] = job.Kind,
        ["namespace"] = job.Namespace,
        ["name"] = job.Name,
        ["uid"] = job.Uid,
        ["resourceVersion"] = job.ResourceVersion,
    };
}
