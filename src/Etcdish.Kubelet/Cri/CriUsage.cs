using Etcdish.Kubelet.Runtime;
using Etcdish.Protos.Cri;

namespace Etcdish.Kubelet.Cri;

/// <summary>What a runtime says about what its containers use.</summary>
internal sealed class CriUsage(CriCalls calls)
{
    /// <summary>Set once the runtime has said that it knows nothing of whole sandboxes.</summary>
    private volatile bool _knowsNoSandboxes;

    /// <summary>All containers that run, and all sandboxes where the runtime tells.</summary>
    /// <exception cref="RuntimeException">It does not answer.</exception>
    public async Task<IReadOnlyList<ContainerUsage>> ListAsync(CancellationToken cancellation)
    {
        var containers = await calls.RuntimeAsync(
            "ListContainerStats", new ListContainerStatsRequest(), ListContainerStatsResponse.Parser, cancellation);
        var listed = await calls.RuntimeAsync("ListContainers", new ListContainersRequest(), ListContainersResponse.Parser, cancellation);
        var created = listed.Containers.ToDictionary(container => container.Id, container => CriStates.Time(container.CreatedAt));
        return
        [
            .. containers.Stats.Where(IsComplete).Select(stats => Usage(stats, created)),
            .. (await ListSandboxesAsync(cancellation)).Where(IsComplete).Select(Usage),
        ];
    }

    private async Task<IEnumerable<PodSandboxStats>> ListSandboxesAsync(CancellationToken cancellation)
    {
        if (_knowsNoSandboxes)
        {
            return [];
        }

        try
        {
            var answer = await calls.RuntimeAsync(
                "ListPodSandboxStats", new ListPodSandboxStatsRequest(), ListPodSandboxStatsResponse.Parser, cancellation);
            return answer.Stats;
        }
        catch (RuntimeException e)
        {
            // containerd gives no figures at all while one sandbox has none, such as one without a control group of its pod.
            _knowsNoSandboxes = e.IsUnimplemented();
            return [];
        }
    }

    // A container that has ended, or ends now, has no figures.
    private static bool IsComplete(ContainerStats stats) =>
        stats is { Attributes: { } attributes, Cpu.UsageCoreNanoSeconds: not null, Memory: not null } && CriStates.IsOfPod(attributes.Labels);

    private static bool IsComplete(PodSandboxStats stats) =>
        stats is { Attributes: { } attributes, Linux: { Cpu.UsageCoreNanoSeconds: not null, Memory: not null } }
        && CriStates.IsOfPod(attributes.Labels);

    private static ContainerUsage Usage(ContainerStats stats, Dictionary<string, DateTimeOffset> created) => new(
        CriStates.Pod(stats.Attributes.Labels, null),
        stats.Attributes.Metadata?.Name ?? "",
        CriStates.Time(stats.Cpu.Timestamp),
        (long)stats.Cpu.UsageCoreNanoSeconds.Value,
        (long)(stats.Memory.WorkingSetBytes?.Value ?? 0),
        (long)(stats.Memory.UsageBytes?.Value ?? stats.Memory.WorkingSetBytes?.Value ?? 0),
        (long?)stats.WritableLayer?.UsedBytes?.Value ?? -1)
    {
        RssBytes = (long)(stats.Memory.RssBytes?.Value ?? 0),
        StartedAt = created.TryGetValue(stats.Attributes.Id, out var at) ? at : null,
    };

    private static ContainerUsage Usage(PodSandboxStats stats) => new(
        CriStates.Pod(stats.Attributes.Labels, stats.Attributes.Metadata),
        "",
        CriStates.Time(stats.Linux.Cpu.Timestamp),
        (long)stats.Linux.Cpu.UsageCoreNanoSeconds.Value,
        (long)(stats.Linux.Memory.WorkingSetBytes?.Value ?? 0),
        (long)(stats.Linux.Memory.UsageBytes?.Value ?? stats.Linux.Memory.WorkingSetBytes?.Value ?? 0),
        -1)
    {
        RssBytes = (long)(stats.Linux.Memory.RssBytes?.Value ?? 0),
    };
}
