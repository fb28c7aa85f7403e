using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>The status of an autoscaler while it is being worked out.</summary>
internal sealed class AutoscalerDraft
{
    private readonly List<Condition> _conditions;
    private readonly DateTimeOffset _now;

    /// <summary>Begins with what is there.</summary>
    public AutoscalerDraft(AutoscalerStatus status, DateTimeOffset now)
    {
        _now = now;
        _conditions = [.. status.Conditions];
        CurrentReplicas = status.CurrentReplicas;
        DesiredReplicas = status.DesiredReplicas;
        LastScaleTime = status.LastScaleTime;
        CurrentMetrics = status.CurrentMetrics;
    }

    public int CurrentReplicas { get; set; }

    public int DesiredReplicas { get; set; }

    public DateTimeOffset? LastScaleTime { get; set; }

    public JsonArray? CurrentMetrics { get; set; }

    /// <summary>Sets a condition; the time of its change is kept while its status is.</summary>
    public void Set(string type, bool isTrue, string reason, string message)
    {
        var status = isTrue ? "True" : "False";
        var known = _conditions.FindIndex(c => c.Type == type);
        var since = known >= 0 && _conditions[known].Status == status ? _conditions[known].LastTransitionTime : _now;
        var condition = new Condition { Type = type, Status = status, Reason = reason, Message = message, LastTransitionTime = since };
        if (known < 0)
        {
            _conditions.Add(condition);
        }
        else
        {
            _conditions[known] = condition;
        }
    }

    /// <summary>As it is written; what is not there is null, so that it is removed.</summary>
    public JsonObject ToJson() => new()
    {
        ["currentReplicas"] = CurrentReplicas,
        ["desiredReplicas"] = DesiredReplicas,
        ["lastScaleTime"] = LastScaleTime is { } time ? TimeText.Format(time) : null,
        ["currentMetrics"] = CurrentMetrics?.DeepClone(),
        ["conditions"] = _conditions.Count == 0 ? null : new JsonArray([.. _conditions.Select(c => new JsonObject
        {
            ["type"] = c.Type,
            ["status"] = c.Status,
            ["lastTransitionTime"] = c.LastTransitionTime is { } since ? TimeText.Format(since) : null,
            ["reason"] = c.Reason,
            ["message"] = c.Message,
        })]),
    };
}
