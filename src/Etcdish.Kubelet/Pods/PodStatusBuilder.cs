using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Pods;

/// <summary>What a status says of the node on which a pod is.</summary>
/// <param name="RuntimeName">The runtime's name, the head of containers' ids.</param>
/// <param name="Addresses">The node's addresses.</param>
/// <param name="SharesHostNetwork">Whether pods have the node's addresses.</param>
internal sealed record StatusSurroundings(string RuntimeName, IReadOnlyList<string> Addresses, bool SharesHostNetwork);

/// <summary>
/// Says how a pod is: the part of its status that belongs to its node. What others write of it is left out, and stays when this is merged.
/// A function of what is seen and of what was said last: phases do not go backwards, and times of conditions change with the conditions.
/// </summary>
internal sealed class PodStatusBuilder
{
    private readonly PodView _view;
    private readonly PodDecision _decision;
    private readonly StatusSurroundings _node;
    private readonly IReadOnlyList<ContainerHistory> _containers;
    private readonly List<(ContainerHistory History, JsonObject Status)> _statuses = [];

    private PodStatusBuilder(PodView view, PodDecision decision, StatusSurroundings node)
    {
        _view = view;
        _decision = decision;
        _node = node;
        _containers = ContainerHistory.All(view);
    }

    /// <summary>The status.</summary>
    public static JsonObject Build(PodView view, PodDecision decision, StatusSurroundings node) =>
        new PodStatusBuilder(view, decision, node).Build();

    private bool HasEnded => _decision.Stage >= PodStage.Releasing;

    private JsonObject Build()
    {
        var isInitialized = PodPlan.IsInitialized(_view.Sandbox, _containers) || WasInitialized();
        foreach (var container in _containers)
        {
            _statuses.Add((container, new ContainerStatusBuilder(_view, _decision, _node.RuntimeName, container).Build()));
        }

        var phase = PodPhase.Of(_view, _decision, _statuses, isInitialized);
        var status = new JsonObject { ["observedGeneration"] = _view.Pod.Metadata.Generation, ["phase"] = phase };
        if (HasEnded && _decision.Ending is { Cause: EndingCause.Failed } failed)
        {
            status["reason"] = failed.Reason;
            status["message"] = failed.Message;
        }
        else
        {
            Keep(status, "reason");
            Keep(status, "message");
        }

        status["conditions"] = new PodConditionsBuilder(_view, _decision, _statuses, phase, isInitialized, HasAddress).Build();
        AddAddresses(status);
        status["startTime"] = (string?)_view.LastStatus?["startTime"] ?? TimeText.Format(_view.Now);
        foreach (var group in _statuses.GroupBy(entry => ContainerHistory.ListOf(entry.History.Role)))
        {
            status[group.Key] = new JsonArray([.. group.Select(entry => entry.Status)]);
        }

        return status;
    }

    private bool HasAddress => _view.Sandbox is { } sandbox && (UsesNodeNetwork || sandbox.Addresses.Count > 0);

    private bool UsesNodeNetwork => _view.Pod.Spec.HostNetwork || _node.SharesHostNetwork;

    private bool WasInitialized() => _view.Sandbox is null && _view.LastStatus?["conditions"] is JsonArray conditions
        && conditions.Any(c => (string?)c?["type"] == "Initialized" && (string?)c["status"] == "True")
        && _containers.Any(c => c.Role == ContainerRole.Regular && c.ExitCode is not null);

    private void Keep(JsonObject status, string field)
    {
        if (_view.LastStatus?[field] is { } known)
        {
            status[field] = known.DeepClone();
        }
    }

    private void AddAddresses(JsonObject status)
    {
        Add("hostIP", "hostIPs", _node.Addresses);
        var addresses = _view.Sandbox is not { } sandbox ? [] : UsesNodeNetwork ? _node.Addresses : sandbox.Addresses;
        if (addresses.Count > 0)
        {
            Add("podIP", "podIPs", addresses);
        }
        else
        {
            Keep(status, "podIP");
            Keep(status, "podIPs");
        }

        void Add(string one, string all, IReadOnlyList<string> values)
        {
            if (values.Count > 0)
            {
                status[one] = values[0];
                status[all] = new JsonArray([.. values.Select(value => new JsonObject { ["ip"] = value })]);
            }
        }
    }
}
