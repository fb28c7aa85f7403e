using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Tables;

/// <summary>Cells of pods: the status is the most telling of phase, reasons and containers.</summary>
internal static class PodCells
{
    public static Cell? Find(string column) => column switch
    {
        "Ready" => (v, _) => $"{Statuses(v).Count(IsReady)}/{v.Part("spec").Items("containers").Count()}",
        "Status" => (v, _) => Status(v),
        "Restarts" => Restarts,
        "IP" => (v, _) => CellText.OrNone(v.Part("status").Text("podIP")),
        "Node" => (v, _) => CellText.OrNone(v.Part("spec").Text("nodeName")),
        "Nominated Node" => (v, _) => CellText.OrNone(v.Part("status").Text("nominatedNodeName")),
        "Readiness Gates" => (v, _) => Gates(v),
        _ => null,
    };

    private static IEnumerable<JsonObject> Statuses(JsonObject pod) => pod.Part("status").Items("containerStatuses").OfType<JsonObject>();

    private static bool IsReady(JsonObject container) =>
        CellText.Scalar(container["ready"]) == "true" && container.Part("state").Part("running") is not null;

    private static string Status(JsonObject pod)
    {
        var status = pod.Part("status");
        var reason = status.Text("reason") is { Length: > 0 } given ? given : status.Text("phase");
        if (FromInitContainers(pod) is { } initializing)
        {
            reason = initializing;
        }
        else
        {
            reason = FromContainers(pod, reason);
        }

        if (pod.IsBeingDeleted())
        {
            return status.Text("reason") == "NodeLost"
                ? "Unknown"
                : status.Text("phase") is "Failed" or "Succeeded" ? reason : "Terminating";
        }

        return reason;
    }

    private static string? FromInitContainers(JsonObject pod)
    {
        var total = pod.Part("spec").Items("initContainers").Count();
        var done = 0;
        foreach (var container in pod.Part("status").Items("initContainerStatuses").OfType<JsonObject>())
        {
            var state = container.Part("state");
            var terminated = state.Part("terminated");
            if (terminated?.Number("exitCode") == 0 || CellText.Scalar(container["started"]) == "true")
            {
                done++;
                continue;
            }

            if (terminated is not null)
            {
                return $"Init:{TerminationReason(terminated)}";
            }

            return state.Part("waiting").Text("reason") is { Length: > 0 } waiting && waiting != "PodInitializing"
                ? $"Init:{waiting}"
                : $"Init:{done}/{total}";
        }

        return null;
    }

    private static string FromContainers(JsonObject pod, string reason)
    {
        var hasRunning = false;
        foreach (var container in Statuses(pod).Reverse())
        {
            var state = container.Part("state");
            if (state.Part("waiting").Text("reason") is { Length: > 0 } waiting)
            {
                reason = waiting;
            }
            else if (state.Part("terminated") is { } terminated)
            {
                reason = TerminationReason(terminated);
            }
            else
            {
                hasRunning |= IsReady(container);
            }
        }

        return reason == "Completed" && hasRunning ? "Running" : reason;
    }

    private static string TerminationReason(JsonObject terminated) =>
        terminated.Text("reason") is { Length: > 0 } reason ? reason
        : terminated.Number("signal") is > 0 and var signal ? $"Signal:{signal}"
        : $"ExitCode:{terminated.Number("exitCode") ?? 0}";

    private static JsonNode Restarts(JsonObject pod, DateTimeOffset now)
    {
        var count = Statuses(pod).Sum(container => container.Number("restartCount") ?? 0);
        var last = Statuses(pod).Select(c => c.Part("lastState").Part("terminated").Text("finishedAt")).Max(StringComparer.Ordinal) ?? "";
        return count > 0 && last.Length > 0 ? $"{count} ({CellText.Age(last, now)} ago)" : Revisions.Format(count);
    }

    private static string Gates(JsonObject pod)
    {
        var gates = pod.Part("spec").Items("readinessGates").OfType<JsonObject>().Select(g => g.Text("conditionType")).ToArray();
        var met = pod.Part("status").Items("conditions").OfType<JsonObject>()
            .Count(c => c.Text("status") == "True" && gates.Contains(c.Text("type")));
        return gates.Length == 0 ? CellText.None : $"{met}/{gates.Length}";
    }
}
