using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Tables;

/// <summary>Cells of the kinds that run pods.</summary>
internal static class WorkloadCells
{
    public static Cell? Find(string kind, string column) => (kind, column) switch
    {
        ("Deployment" or "StatefulSet", "Ready") => (v, _) => $"{Status(v, "readyReplicas")}/{Spec(v, "replicas")}",
        ("Deployment", "Up-to-date") => (v, _) => Status(v, "updatedReplicas"),
        ("Deployment", "Available") => (v, _) => Status(v, "availableReplicas"),
        ("ReplicaSet" or "ReplicationController", "Desired") => (v, _) => Spec(v, "replicas"),
        ("ReplicaSet" or "ReplicationController", "Current") => (v, _) => Status(v, "replicas"),
        ("ReplicaSet" or "ReplicationController", "Ready") => (v, _) => Status(v, "readyReplicas"),
        ("DaemonSet", _) => DaemonSetCell(column),
        ("Job", _) => JobCell(column),
        ("CronJob", _) => CronJobCell(column),
        ("HorizontalPodAutoscaler", _) => AutoscalerCell(column),
        ("PodDisruptionBudget", "Min Available") => (v, _) => OrNotApplicable(v.Part("spec")?["minAvailable"]),
        ("PodDisruptionBudget", "Max Unavailable") => (v, _) => OrNotApplicable(v.Part("spec")?["maxUnavailable"]),
        ("PodDisruptionBudget", "Allowed Disruptions") => (v, _) => Status(v, "disruptionsAllowed"),
        ("ControllerRevision", "Controller") => (v, _) => Controller(v),
        ("ControllerRevision", "Revision") => (v, _) => CellText.Count(v, "revision"),
        _ => null,
    };

    private static string Spec(JsonObject value, string field) => CellText.Count(value.Part("spec"), field);

    private static string Status(JsonObject value, string field) => CellText.Count(value.Part("status"), field);

    private static string OrNotApplicable(JsonNode? value) => value is null ? "N/A" : CellText.Scalar(value);

    private static Cell? DaemonSetCell(string column) => column switch
    {
        "Desired" => (v, _) => Status(v, "desiredNumberScheduled"),
        "Current" => (v, _) => Status(v, "currentNumberScheduled"),
        "Ready" => (v, _) => Status(v, "numberReady"),
        "Up-to-date" => (v, _) => Status(v, "updatedNumberScheduled"),
        "Available" => (v, _) => Status(v, "numberAvailable"),
        "Node Selector" => (v, _) => CellText.Selector(v.Part("spec").Part("template").Part("spec").Part("nodeSelector")),
        _ => null,
    };

    private static Cell? JobCell(string column) => column switch
    {
        "Status" => (v, _) => JobStatus(v),
        "Completions" => (v, _) => v.Part("spec").Number("completions") is { } wanted
            ? $"{Status(v, "succeeded")}/{wanted}"
            : $"{Status(v, "succeeded")}/1 of {v.Part("spec").Number("parallelism") ?? 1}",
        "Duration" => JobDuration,
        _ => null,
    };

    private static string JobStatus(JsonObject job)
    {
        var conditions = job.Part("status").Items("conditions").OfType<JsonObject>()
            .Where(c => c.Text("status") == "True").Select(c => c.Text("type")).ToHashSet(StringComparer.Ordinal);
        foreach (var condition in new[] { "Complete", "Failed" })
        {
            if (conditions.Contains(condition))
            {
                return condition;
            }
        }

        return job.IsBeingDeleted() ? "Terminating"
            : conditions.Contains("Suspended") ? "Suspended"
            : conditions.Contains("FailureTarget") ? "FailureTarget"
            : conditions.Contains("SuccessCriteriaMet") ? "SuccessCriteriaMet"
            : "Running";
    }

    private static JsonNode JobDuration(JsonObject job, DateTimeOffset now)
    {
        var status = job.Part("status");
        if (!DateTimeOffset.TryParse(status.Text("startTime"), out var start))
        {
            return "";
        }

        return CellText.Duration((DateTimeOffset.TryParse(status.Text("completionTime"), out var end) ? end : now) - start);
    }

    private static Cell? CronJobCell(string column) => column switch
    {
        "Schedule" => (v, _) => v.Part("spec").Text("schedule"),
        "Timezone" => (v, _) => CellText.OrNone(v.Part("spec").Text("timeZone")),
        "Suspend" => (v, _) => CellText.Scalar(v.Part("spec")?["suspend"]) == "true" ? "True" : "False",
        "Active" => (v, _) => v.Part("status").Items("active").Count(),
        "Last Schedule" => (v, now) =>
            v.Part("status").Text("lastScheduleTime") is { Length: > 0 } time ? CellText.Age(time, now) : CellText.None,
        _ => null,
    };

    private static Cell? AutoscalerCell(string column) => column switch
    {
        "Reference" => (v, _) =>
            $"{v.Part("spec").Part("scaleTargetRef").Text("kind")}/{v.Part("spec").Part("scaleTargetRef").Text("name")}",
        "Targets" => (v, _) =>
            CellText.OrNone(string.Join(", ", v.Part("spec").Items("metrics").OfType<JsonObject>().Select(m => Target(v, m)))),
        "MinPods" => (v, _) => v.Part("spec").Number("minReplicas") is { } min ? Revisions.Format(min) : CellText.Unset,
        "MaxPods" => (v, _) => Spec(v, "maxReplicas"),
        "Replicas" => (v, _) => Status(v, "currentReplicas"),
        _ => null,
    };

    private static string Target(JsonObject autoscaler, JsonObject metric)
    {
        if (metric.Text("type") != "Resource")
        {
            return $"{CellText.Unknown}/{metric.Text("type")}";
        }

        var name = metric.Part("resource").Text("name");
        var current = autoscaler.Part("status").Items("currentMetrics").OfType<JsonObject>()
            .Select(m => m.Part("resource")).FirstOrDefault(r => r.Text("name") == name).Part("current");
        var target = metric.Part("resource").Part("target");
        return target?.Number("averageUtilization") is { } percent
            ? $"{name}: {(current?.Number("averageUtilization") is { } now ? $"{now}%" : CellText.Unknown)}/{percent}%"
            : $"{name}: {(current.Text("averageValue") is { Length: > 0 } value ? value : CellText.Unknown)}/{target.Text("averageValue")}";
    }

    private static string Controller(JsonObject revision)
    {
        var owner = revision.Part("metadata").Items("ownerReferences").OfType<JsonObject>()
            .FirstOrDefault(o => CellText.Scalar(o["controller"]) == "true");
        var group = owner.Text("apiVersion").Split('/') is [var name, _] ? "." + name : "";
#pragma warning disable CA1308 // Kinds are shown as kubectl takes them.
        return owner is null ? CellText.None : $"{owner.Text("kind").ToLowerInvariant()}{group}/{owner.Text("name")}";
#pragma warning restore CA1308
    }
}
