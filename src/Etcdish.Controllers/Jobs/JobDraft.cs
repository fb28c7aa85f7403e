using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>The status of a job while it is being worked out.</summary>
internal sealed class JobDraft
{
    private readonly List<Condition> _conditions;

    /// <summary>Begins with what is there.</summary>
    public JobDraft(JobStatus status)
    {
        StartTime = status.StartTime;
        CompletionTime = status.CompletionTime;
        Active = status.Active;
        Ready = status.Ready;
        Terminating = status.Terminating;
        Succeeded = status.Succeeded;
        Failed = status.Failed;
        CompletedIndexes = status.CompletedIndexes;
        FailedIndexes = status.FailedIndexes;
        UncountedSucceeded = [.. status.UncountedTerminatedPods?.Succeeded ?? []];
        UncountedFailed = [.. status.UncountedTerminatedPods?.Failed ?? []];
        _conditions = [.. status.Conditions];
    }

    public DateTimeOffset? StartTime { get; set; }

    public DateTimeOffset? CompletionTime { get; private set; }

    public int Active { get; set; }

    public int? Ready { get; set; }

    public int? Terminating { get; set; }

    public int Succeeded { get; set; }

    public int Failed { get; private set; }

    public string CompletedIndexes { get; set; }

    public string? FailedIndexes { get; set; }

    public List<string> UncountedSucceeded { get; }

    public List<string> UncountedFailed { get; }

    public IReadOnlyList<Condition> Conditions => _conditions;

    /// <summary>How many pods have ended and are not in the numbers yet.</summary>
    public int Uncounted => UncountedSucceeded.Count + UncountedFailed.Count;

    /// <summary>Sets a condition. False if it said so already, or if it would only say that something is not so.</summary>
    public bool Set(string type, bool isTrue, string reason, string message, DateTimeOffset now)
    {
        var status = isTrue ? "True" : "False";
        var known = _conditions.FindIndex(c => c.Type == type);
        if (known < 0 ? !isTrue : _conditions[known] is var old && old.Status == status && old.Reason == reason && old.Message == message)
        {
            return false;
        }

        var condition = new Condition
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = message,
            LastProbeTime = now,
            LastTransitionTime = now,
        };
        if (known < 0)
        {
            _conditions.Add(condition);
        }
        else
        {
            _conditions[known] = condition;
        }

        return true;
    }

    /// <summary>Says that the job has ended.</summary>
    public void End(JobVerdict verdict, DateTimeOffset now)
    {
        Set(verdict.LastCondition, true, verdict.Reason, verdict.Message, now);
        CompletionTime = verdict.IsSuccess ? now : CompletionTime;
    }

    /// <summary>Puts those into the numbers whose pods are held no longer: they will never be seen as uncounted again.</summary>
    /// <param name="held">The uids of pods that hold their finalizers still.</param>
    public void CountReleased(HashSet<string> held)
    {
        Succeeded += UncountedSucceeded.RemoveAll(uid => !held.Contains(uid));
        Failed += UncountedFailed.RemoveAll(uid => !held.Contains(uid));
    }

    /// <summary>As it is written; what is not there is null, so that it is removed.</summary>
    public JsonObject ToJson() => new()
    {
        ["startTime"] = Text(StartTime),
        ["completionTime"] = Text(CompletionTime),
        ["active"] = NotZero(Active),
        ["ready"] = Ready,
        ["terminating"] = Terminating,
        ["succeeded"] = NotZero(Succeeded),
        ["failed"] = NotZero(Failed),
        ["completedIndexes"] = CompletedIndexes.Length == 0 ? null : CompletedIndexes,
        ["failedIndexes"] = FailedIndexes,
        ["uncountedTerminatedPods"] = new JsonObject { ["succeeded"] = List(UncountedSucceeded), ["failed"] = List(UncountedFailed) },
        ["conditions"] = _conditions.Count == 0 ? null : new JsonArray([.. _conditions.Select(ToJson)]),
    };

    private static JsonObject ToJson(Condition condition) => new()
    {
        ["type"] = condition.Type,
        ["status"] = condition.Status,
        ["lastProbeTime"] = Text(condition.LastProbeTime),
        ["lastTransitionTime"] = Text(condition.LastTransitionTime),
        ["reason"] = condition.Reason.Length == 0 ? null : condition.Reason,
        ["message"] = condition.Message.Length == 0 ? null : condition.Message,
    };

    private static JsonArray? List(List<string> uids) => uids.Count == 0 ? null : [.. uids.Select(uid => JsonValue.Create(uid))];

    private static JsonNode? NotZero(int number) => number == 0 ? null : number;

    private static string? Text(DateTimeOffset? time) => time is { } at ? TimeText.Format(at) : null;
}
