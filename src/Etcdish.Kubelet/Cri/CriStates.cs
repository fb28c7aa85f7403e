using Etcdish.Kubelet.Runtime;
using Etcdish.Protos.Cri;
using Google.Protobuf.Collections;
using ContainerState = Etcdish.Kubelet.Runtime.ContainerState;
using WireContainerState = Etcdish.Protos.Cri.ContainerState;

namespace Etcdish.Kubelet.Cri;

/// <summary>Makes states of what a runtime answers.</summary>
internal static class CriStates
{
    private const long NanosecondsPerTick = 100;

    /// <summary>Whether something belongs to a pod: a runtime may have things of others.</summary>
    public static bool IsOfPod(MapField<string, string> labels) => labels.ContainsKey(CriLabels.PodUid);

    public static SandboxState Sandbox(PodSandbox sandbox) => new()
    {
        Id = sandbox.Id,
        Pod = Pod(sandbox.Labels, sandbox.Metadata),
        Attempt = (int)(sandbox.Metadata?.Attempt ?? 0),
        IsReady = sandbox.State == PodSandboxState.SandboxReady,
        CreatedAt = Time(sandbox.CreatedAt),
        Labels = sandbox.Labels,
        Annotations = sandbox.Annotations,
    };

    public static SandboxState Sandbox(PodSandboxStatus sandbox) => new()
    {
        Id = sandbox.Id,
        Pod = Pod(sandbox.Labels, sandbox.Metadata),
        Attempt = (int)(sandbox.Metadata?.Attempt ?? 0),
        IsReady = sandbox.State == PodSandboxState.SandboxReady,
        CreatedAt = Time(sandbox.CreatedAt),
        Addresses = Addresses(sandbox.Network),
        Labels = sandbox.Labels,
        Annotations = sandbox.Annotations,
    };

    public static ContainerState Container(Container container) => new()
    {
        Id = container.Id,
        SandboxId = container.PodSandboxId,
        Pod = Pod(container.Labels, null),
        Name = container.Metadata?.Name ?? "",
        Attempt = (int)(container.Metadata?.Attempt ?? 0),
        Phase = Phase(container.State),
        Labels = container.Labels,
        Annotations = container.Annotations,
        Image = container.Image?.Image ?? "",
        ImageReference = container.ImageRef,
        CreatedAt = Time(container.CreatedAt),
    };

    public static ContainerState Container(ContainerStatus container, string sandboxId)
    {
        var isEnded = container.State == WireContainerState.ContainerExited;
        return new ContainerState
        {
            Id = container.Id,
            SandboxId = sandboxId,
            Pod = Pod(container.Labels, null),
            Name = container.Metadata?.Name ?? "",
            Attempt = (int)(container.Metadata?.Attempt ?? 0),
            Phase = Phase(container.State),
            Labels = container.Labels,
            Annotations = container.Annotations,
            Image = container.Image?.Image ?? "",
            ImageReference = container.ImageRef,
            CreatedAt = Time(container.CreatedAt),
            StartedAt = container.StartedAt > 0 ? Time(container.StartedAt) : null,
            FinishedAt = isEnded && container.FinishedAt > 0 ? Time(container.FinishedAt) : null,
            ExitCode = container.ExitCode,
            Reason = container.Reason,
            Message = container.Message,
            LogPath = container.LogPath,
            Resources = Resources(container.Resources?.Linux),
            User = container.User?.Linux is { } user ? (user.Uid, user.Gid, [.. user.SupplementalGroups]) : null,
        };
    }

    /// <summary>Why a condition does not hold, in the words of Kubernetes' kubelet; empty: it does, or nobody knows of it.</summary>
    public static string WhyNot(string what, IEnumerable<RuntimeCondition> conditions, string type) =>
        conditions.FirstOrDefault(condition => condition.Type == type && !condition.Status) is { } condition
            ? $"{what}: {type}=false reason:{condition.Reason} message:{condition.Message}"
            : "";

    /// <summary>Nanoseconds since 1970.</summary>
    public static DateTimeOffset Time(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick);

    public static PodIdentity Pod(MapField<string, string> labels, PodSandboxMetadata? metadata) => new(
        labels.TryGetValue(CriLabels.PodNamespace, out var ns) ? ns : metadata?.Namespace ?? "",
        labels.TryGetValue(CriLabels.PodName, out var name) ? name : metadata?.Name ?? "",
        labels.TryGetValue(CriLabels.PodUid, out var uid) ? uid : metadata?.Uid ?? "");

    private static ContainerPhase Phase(WireContainerState state) => state switch
    {
        WireContainerState.ContainerCreated => ContainerPhase.Created,
        WireContainerState.ContainerRunning => ContainerPhase.Running,
        WireContainerState.ContainerExited => ContainerPhase.Exited,
        _ => ContainerPhase.Unknown,
    };

    private static IReadOnlyList<string> Addresses(PodSandboxNetworkStatus? network) => string.IsNullOrEmpty(network?.Ip)
        ? []
        : [network.Ip, .. network.AdditionalIps.Select(address => address.Ip)];

    private static ResourceSettings? Resources(LinuxContainerResources? resources) => resources is null ? null : new()
    {
        CpuPeriod = resources.CpuPeriod,
        CpuQuota = resources.CpuQuota,
        CpuShares = resources.CpuShares,
        MemoryLimitBytes = resources.MemoryLimitInBytes,
        OomScoreAdjustment = resources.OomScoreAdj,
        Unified = resources.Unified,
    };
}
