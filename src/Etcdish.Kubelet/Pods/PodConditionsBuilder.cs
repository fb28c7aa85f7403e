using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Pods;

/// <summary>The conditions of a pod that belong to its node. Those of others are not named.</summary>
internal sealed class PodConditionsBuilder(
    PodView view,
    PodDecision decision,
    List<(ContainerHistory History, JsonObject Status)> statuses,
    string phase,
    bool isInitialized,
    bool hasAddress)
{
    private readonly JsonArray _conditions = [];

    /// <summary>The list.</summary>
    public JsonArray Build()
    {
        Add("PodReadyToStartContainers", hasAddress);
        AddInitialized();
        var (isReady, reason, message) = ContainersReady();
        var (gateReason, gateMessage) = Gates();
        if (isReady && gateReason.Length > 0)
        {
            Add("Ready", false, gateReason, gateMessage);
        }
        else
        {
            Add("Ready", isReady, reason, message);
        }

        Add("ContainersReady", isReady, reason, message);
        Add("PodScheduled", true);
        if (decision.Ending is { IsDisruption: true } ending)
        {
            Add("DisruptionTarget", true, "TerminationByKubelet", ending.Message);
        }

        return _conditions;
    }

    private void AddInitialized()
    {
        if (phase == "Succeeded")
        {
            Add("Initialized", true, "PodCompleted");
            return;
        }

        var open = statuses.Where(IsOpen).Select(entry => entry.History.Manifest.Name).ToList();
        if (isInitialized || open.Count == 0)
        {
            Add("Initialized", true);
        }
        else
        {
            Add("Initialized", false, "ContainersNotInitialized", $"containers with incomplete status: [{string.Join(' ', open)}]");
        }
    }

    private static bool IsOpen((ContainerHistory History, JsonObject Status) entry) => entry.History.Role switch
    {
        ContainerRole.Init => (int?)entry.Status["state"]!["terminated"]?["exitCode"] is not 0,
        ContainerRole.Sidecar => (bool?)entry.Status["started"] != true,
        _ => false,
    };

    private (bool IsReady, string Reason, string Message) ContainersReady()
    {
        if (phase is "Succeeded" or "Failed")
        {
            return (false, phase == "Succeeded" ? "PodCompleted" : "PodFailed", "");
        }

        var unready = statuses
            .Where(entry => entry.History.Role is ContainerRole.Regular or ContainerRole.Sidecar && (bool?)entry.Status["ready"] != true)
            .Select(entry => entry.History.Manifest.Name)
            .ToList();
        return unready.Count == 0
            ? (true, "", "")
            : (false, "ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]");
    }

    private (string Reason, string Message) Gates()
    {
        var complaints = new List<string>();
        foreach (var gate in view.Pod.Spec.ReadinessGates)
        {
            var condition = Find(view.Pod.Status, gate.ConditionType);
            if (condition is null)
            {
                complaints.Add($"corresponding condition of pod readiness gate \"{gate.ConditionType}\" does not exist.");
            }
            else if ((string?)condition["status"] != "True")
            {
                complaints.Add(
                    $"the status of pod readiness gate \"{gate.ConditionType}\" is not \"True\", but {(string?)condition["status"]}");
            }
        }

        return complaints.Count == 0 ? ("", "") : ("ReadinessGatesNotReady", string.Join(", ", complaints));
    }

    private void Add(string type, bool isTrue, string reason = "", string message = "")
    {
        var status = isTrue ? "True" : "False";
        var known = Known(type);
        var since = (string?)known?["status"] == status ? (string?)known?["lastTransitionTime"] : null;
        var condition = new JsonObject
        {
            ["type"] = type,
            ["observedGeneration"] = view.Pod.Metadata.Generation,
            ["status"] = status,
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = since ?? TimeText.Format(view.Now),
        };
        AddText(condition, "reason", reason, known);
        AddText(condition, "message", message, known);
        _conditions.Add(condition);
    }

    /// <summary>An empty text is not written, but takes away what was written before: conditions are merged.</summary>
    private static void AddText(JsonObject condition, string field, string text, JsonObject? known)
    {
        if (text.Length > 0 || known?.ContainsKey(field) == true)
        {
            condition[field] = text.Length > 0 ? text : null;
        }
    }

    private JsonObject? Known(string type) => Find(view.LastStatus, type) ?? Find(view.Pod.Status, type);

    private static JsonObject? Find(JsonObject? status, string type) =>
        (status?["conditions"] as JsonArray)?.FirstOrDefault(condition => (string?)condition?["type"] == type) as JsonObject;
}
