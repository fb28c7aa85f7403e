using System.Text.Json.Nodes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Pods;

/// <summary>Says how one container of a pod is.</summary>
internal sealed class ContainerStatusBuilder(PodView view, PodDecision decision, string runtime, ContainerHistory container)
{
    private const string LostReason = "ContainerStatusUnknown";

    /// <summary>Its status.</summary>
    public JsonObject Build()
    {
        var (now, before) = States();
        var shown = now is { Phase: ContainerPhase.Running or ContainerPhase.Exited } ? now : before;
        var status = new JsonObject
        {
            ["name"] = container.Manifest.Name,
            ["state"] = State(now),
            ["lastState"] = before is not null ? Terminated(before) : KnownBefore(),
            ["ready"] = IsReady(now),
            ["restartCount"] = Math.Max(now?.Attempt ?? before?.Attempt ?? 0, container.KnownRestarts),
            ["image"] = shown is { Image.Length: > 0 } ? shown.Image : container.Manifest.Image,
            ["imageID"] = shown?.ImageReference ?? (string?)container.Known?["imageID"] ?? "",
        };
        if (shown is not null)
        {
            status["containerID"] = $"{runtime}://{shown.Id}";
        }
        else if (container.Known?["containerID"] is { } known)
        {
            status["containerID"] = known.DeepClone();
        }

        status["started"] = IsStarted(now);
        AddWhatRuns(status, now);
        return status;
    }

    /// <summary>The try that is shown as the state, and the one before it. One that waits has only the latter.</summary>
    private (ContainerState? Now, ContainerState? Before) States()
    {
        var latest = container.Latest;
        if (view.Running.GetValueOrDefault(StartContainer.KeyOf(container.Manifest.Name)) is StartContainer start)
        {
            // Until all that belongs to its start is done, it is not there.
            return latest?.Attempt == start.Attempt && decision.Ending is null ? (null, start.After) : (null, latest);
        }

        if (latest is { Phase: ContainerPhase.Created } || (latest is not null && Waits))
        {
            return (null, latest.Phase == ContainerPhase.Created ? container.Previous : latest);
        }

        return (latest, container.Previous);
    }

    private bool Waits => decision.Ending is null && container.Latest is { Phase: ContainerPhase.Exited }
        && decision.Waits.ContainsKey(container.Manifest.Name);

    private JsonObject State(ContainerState? now)
    {
        switch (now?.Phase)
        {
            case ContainerPhase.Running:
                return new JsonObject { ["running"] = new JsonObject { ["startedAt"] = TimeText.Format(now.StartedAt ?? now.CreatedAt) } };
            case ContainerPhase.Exited or ContainerPhase.Unknown:
                return Terminated(now);
            default:
                return Absent();
        }
    }

    /// <summary>The state of a container that the runtime does not have, or not yet.</summary>
    private JsonObject Absent()
    {
        if (container.Latest is null && container.KnownState("terminated") is { } ended && container.IsDone)
        {
            return new JsonObject { ["terminated"] = ended.DeepClone() };
        }

        if (container.Latest is null && container.IsLost && (container.IsDone || decision.Ending is not null))
        {
            return new JsonObject { ["terminated"] = Lost() };
        }

        if (decision.Ending is not null && container.Latest is { Phase: ContainerPhase.Exited } latest)
        {
            return Terminated(latest);
        }

        var wait = decision.Waits.TryGetValue(container.Manifest.Name, out var known)
            ? known
            : new ContainerWait(view.Pod.Spec.InitContainers.Length > 0 ? "PodInitializing" : "ContainerCreating", "");
        var waiting = new JsonObject { ["reason"] = wait.Reason };
        if (wait.Message.Length > 0)
        {
            waiting["message"] = wait.Message;
        }

        return new JsonObject { ["waiting"] = waiting };
    }

    private JsonObject Lost() => new()
    {
        ["exitCode"] = container.ExitCode ?? 137,
        ["reason"] = LostReason,
        ["message"] = "The container could not be located when the pod was terminated",
        ["startedAt"] = container.KnownState("running")?["startedAt"]?.DeepClone(),
        ["finishedAt"] = null,
    };

    private JsonObject KnownBefore()
    {
        if (container.Latest is not null || container.Known is null)
        {
            return [];
        }

        if (container.KnownLast("terminated") is { } last)
        {
            return new JsonObject { ["terminated"] = last.DeepClone() };
        }

        var wasThere = container.KnownState("terminated") ?? (container.KnownState("running") is null ? null : Lost());
        return wasThere is null || container.IsDone || decision.Ending is not null
            ? []
            : new JsonObject { ["terminated"] = wasThere.DeepClone() };
    }

    private JsonObject Terminated(ContainerState state)
    {
        var detail = new JsonObject
        {
            ["exitCode"] = state.ExitCode,
            ["reason"] = state.Reason.Length > 0 ? state.Reason : state.ExitCode == 0 ? "Completed" : "Error",
        };
        if (state.Message.Length > 0)
        {
            detail["message"] = state.Message;
        }

        detail["startedAt"] = TimeText.Format(state.StartedAt ?? state.CreatedAt);
        detail["finishedAt"] = TimeText.Format(state.FinishedAt ?? state.CreatedAt);
        detail["containerID"] = $"{runtime}://{state.Id}";
        return new JsonObject { ["terminated"] = detail };
    }

    private bool IsStarted(ContainerState? now) =>
        container.Role is not (ContainerRole.Init or ContainerRole.Ephemeral)
        && now is { Phase: ContainerPhase.Running } && view.Probe(now.Id).IsStarted;

    private bool IsReady(ContainerState? now) => container.Role switch
    {
        ContainerRole.Init => container.Latest is { Phase: ContainerPhase.Exited, ExitCode: 0 }
            || (container.Latest is null && container.ExitCode == 0),
        ContainerRole.Ephemeral => false,
        _ => now is { Phase: ContainerPhase.Running } && view.Probe(now.Id).IsReady,
    };

    private void AddWhatRuns(JsonObject status, ContainerState? now)
    {
        if (now is not { Phase: ContainerPhase.Running })
        {
            return;
        }

        if (view.Allocated.GetValueOrDefault(container.Manifest.Name) is { } allocated)
        {
            status["allocatedResources"] = Quantities(allocated.Requests);
            status["resources"] = new JsonObject { ["requests"] = Quantities(allocated.Requests), ["limits"] = Quantities(allocated.Limits) };
        }

        if (now.User is { } user)
        {
            status["user"] = new JsonObject
            {
                ["linux"] = new JsonObject
                {
                    ["uid"] = user.Uid,
                    ["gid"] = user.Gid,
                    ["supplementalGroups"] = new JsonArray([.. user.Groups.Select(group => (JsonNode)group)]),
                },
            };
        }
    }

    private static JsonObject Quantities(IReadOnlyDictionary<string, Quantity> values)
    {
        var json = new JsonObject();
        foreach (var (name, value) in values.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            json[name] = value.ToString();
        }

        return json;
    }
}
