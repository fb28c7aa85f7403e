using System.Text.Json.Nodes;

namespace Etcdish.Kubelet.Pods;

/// <summary>The phase of a pod, which follows from the states of its containers as they are shown.</summary>
internal static class PodPhase
{
    /// <summary>Pending, Running, Succeeded or Failed. Who has succeeded or failed stays so.</summary>
    public static string Of(
        PodView view, PodDecision decision, List<(ContainerHistory History, JsonObject Status)> statuses, bool isInitialized)
    {
        var known = (string?)view.LastStatus?["phase"];
        if (known is "Succeeded" or "Failed")
        {
            return known;
        }

        if (decision.Stage >= PodStage.Releasing)
        {
            return decision.Ending is { Cause: EndingCause.Failed } ? "Failed" : AtEnd(statuses);
        }

        // A sandbox that is lost takes all with it, and init containers run again: that makes no pod wait that ran.
        return known == "Running" ? known : Meanwhile(statuses, isInitialized);
    }

    private static string AtEnd(List<(ContainerHistory History, JsonObject Status)> statuses)
    {
        foreach (var (history, status) in statuses)
        {
            var counts = history.Role is ContainerRole.Regular
                || (history.Role == ContainerRole.Init && Terminated(status) is not null);
            if (counts && (int?)Terminated(status)?["exitCode"] is not 0)
            {
                return "Failed";
            }
        }

        return "Succeeded";
    }

    private static string Meanwhile(List<(ContainerHistory History, JsonObject Status)> statuses, bool isInitialized)
    {
        var runs = false;
        foreach (var (history, status) in statuses)
        {
            if (history.Role == ContainerRole.Regular)
            {
                if (status["state"]!["waiting"] is not null && status["lastState"]!["terminated"] is null)
                {
                    return "Pending";
                }

                runs = true;
            }
            else if (!isInitialized && history.Role == ContainerRole.Init && (int?)Terminated(status)?["exitCode"] is not 0)
            {
                return "Pending";
            }
            else if (!isInitialized && history.Role == ContainerRole.Sidecar && (bool?)status["started"] != true)
            {
                return "Pending";
            }
        }

        return runs ? "Running" : "Pending";
    }

    private static JsonNode? Terminated(JsonObject status) => status["state"]!["terminated"];
}
