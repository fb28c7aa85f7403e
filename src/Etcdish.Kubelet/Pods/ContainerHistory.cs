using System.Text.Json.Nodes;
using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Pods;

/// <summary>What a container is to its pod.</summary>
internal enum ContainerRole
{
    /// <summary>Runs to its end before the others.</summary>
    Init,

    /// <summary>An init container that runs as long as the pod.</summary>
    Sidecar,

    /// <summary>What the pod is for.</summary>
    Regular,

    /// <summary>Added to a pod that runs, to look at it.</summary>
    Ephemeral,
}

/// <summary>All tries of one container of a pod: those that the runtime has, and what was made known of those before.</summary>
internal sealed class ContainerHistory
{
    private const int Lost = 137;

    private ContainerHistory(PodView view, ContainerManifest manifest, ContainerRole role)
    {
        Manifest = manifest;
        Role = role;
        Policy = role switch
        {
            ContainerRole.Sidecar => "Always",
            ContainerRole.Ephemeral => "Never",
            _ when manifest.RestartPolicy.Length > 0 => manifest.RestartPolicy,
            ContainerRole.Init when view.Pod.Spec.RestartPolicy == "Always" => "OnFailure",
            _ => view.Pod.Spec.RestartPolicy,
        };
        foreach (var state in view.Containers)
        {
            if (state.Name == manifest.Name)
            {
                Previous = Latest is null ? null : Previous ?? state;
                Latest ??= state;
            }
        }

        Known = FindKnown(view.LastStatus, ListOf(role), manifest.Name);
    }

    public ContainerManifest Manifest { get; }

    public ContainerRole Role { get; }

    /// <summary>When it is started again: Always, OnFailure or Never.</summary>
    public string Policy { get; }

    /// <summary>The newest try that the runtime has.</summary>
    public ContainerState? Latest { get; }

    /// <summary>The one before it.</summary>
    public ContainerState? Previous { get; }

    /// <summary>Its status as it was last made known.</summary>
    public JsonObject? Known { get; }

    public bool IsRunning => Latest is { Phase: ContainerPhase.Running };

    /// <summary>Whether it ran once of which the runtime knows nothing any more.</summary>
    public bool IsLost => Latest is null && (KnownState("running") ?? KnownState("terminated") ?? KnownLast("terminated")) is not null;

    /// <summary>The code with which the newest try ended; null: it has not.</summary>
    public int? ExitCode
    {
        get
        {
            if (Latest is not null)
            {
                return Latest.Phase == ContainerPhase.Exited ? Latest.ExitCode : null;
            }

            if (KnownState("running") is not null)
            {
                return Lost;
            }

            return (int?)(KnownState("terminated") ?? KnownLast("terminated"))?["exitCode"];
        }
    }

    /// <summary>Whether it has ended and is not started again.</summary>
    public bool IsDone => ExitCode is { } code && !(Policy == "Always" || (Policy == "OnFailure" && code != 0));

    /// <summary>The number of the next try.</summary>
    public int NextAttempt => Latest is not null ? Latest.Attempt + 1 : IsLost ? KnownRestarts + 1 : 0;

    /// <summary>How often it was started again, as was last made known.</summary>
    public int KnownRestarts => (int?)Known?["restartCount"] ?? 0;

    /// <summary>Whether the newest try was made of something else than what the pod says now.</summary>
    public bool HasOtherDefinition() =>
        Latest is not null
        && Latest.Annotations.TryGetValue(ContainerLabels.HashAnnotation, out var hash)
        && hash != ContainerLabels.HashOf(Manifest);

    /// <summary>All containers of a pod: init containers and sidecars, regular ones, ephemeral ones.</summary>
    public static IReadOnlyList<ContainerHistory> All(PodView view)
    {
        var spec = view.Pod.Spec;
        var all = new List<ContainerHistory>(spec.InitContainers.Length + spec.Containers.Length + spec.EphemeralContainers.Length);
        foreach (var container in spec.InitContainers)
        {
            all.Add(new ContainerHistory(view, container, container.IsSidecar ? ContainerRole.Sidecar : ContainerRole.Init));
        }

        foreach (var container in spec.Containers)
        {
            all.Add(new ContainerHistory(view, container, ContainerRole.Regular));
        }

        foreach (var container in spec.EphemeralContainers)
        {
            all.Add(new ContainerHistory(view, container, ContainerRole.Ephemeral));
        }

        return all;
    }

    /// <summary>The list of a status that holds containers of a role.</summary>
    public static string ListOf(ContainerRole role) => role switch
    {
        ContainerRole.Init or ContainerRole.Sidecar => "initContainerStatuses",
        ContainerRole.Regular => "containerStatuses",
        _ => "ephemeralContainerStatuses",
    };

    /// <summary>The last made known state of that kind; null: it is in another.</summary>
    public JsonObject? KnownState(string kind) => Known?["state"]?[kind] as JsonObject;

    /// <summary>The last made known state before that.</summary>
    public JsonObject? KnownLast(string kind) => Known?["lastState"]?[kind] as JsonObject;

    /// <summary>What was made known of a container that is no ephemeral one.</summary>
    public static JsonObject? FindKnown(JsonObject? status, string name) =>
        FindKnown(status, ListOf(ContainerRole.Regular), name) ?? FindKnown(status, ListOf(ContainerRole.Init), name);

    private static JsonObject? FindKnown(JsonObject? status, string field, string name)
    {
        if (status?[field] is JsonArray list)
        {
            foreach (var entry in list)
            {
                if ((string?)entry?["name"] == name)
                {
                    return (JsonObject)entry!;
                }
            }
        }

        return null;
    }
}
