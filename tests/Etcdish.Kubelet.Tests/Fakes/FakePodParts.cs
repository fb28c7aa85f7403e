using System.Collections.Concurrent;
using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Images;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;

namespace Etcdish.Kubelet.Tests.Fakes;

/// <summary>Plans no more than the names of things.</summary>
internal sealed class FakePlanner : IContainerPlanner
{
    /// <summary>Why a container cannot be made, given its name; null: it can.</summary>
    public Func<string, string?> Problem { get; set; } = _ => null;

    public Task<SandboxSettings> PlanSandboxAsync(PodManifest pod, int attempt, CancellationToken cancellation) =>
        Task.FromResult(new SandboxSettings { Pod = pod.Identity(), Attempt = attempt, HostNetwork = pod.Spec.HostNetwork });

    public Task<ContainerSettings> PlanContainerAsync(ContainerPlan plan, CancellationToken cancellation) =>
        Problem(plan.Container.Name) is { } problem
            ? Task.FromException<ContainerSettings>(new ContainerConfigException(problem))
            : Task.FromResult(new ContainerSettings
            {
                Name = plan.Container.Name,
                Attempt = plan.Attempt,
                Image = plan.Container.Image,
                ImageReference = plan.Image.Id,
                Annotations = ContainerLabels.Annotate(plan.Pod, plan.Container, plan.Attempt),
            });

    public ResourceSettings LimitsOf(PodManifest pod, ContainerManifest container) => new()
    {
        MemoryLimitBytes = container.Resources.Limits?.GetValueOrDefault("memory").Value ?? 0,
    };
}

/// <summary>Has all images but those that the test takes away.</summary>
internal sealed class FakePuller : IImagePuller
{
    /// <summary>Why an image is not to be had, given its name; null: it is.</summary>
    public Func<string, ImageException?> Problem { get; set; } = _ => null;

    /// <summary>Is awaited before an answer, given the image.</summary>
    public Func<string, Task>? Hold { get; set; }

    public async Task<ImageState> EnsureAsync(PodManifest pod, ContainerManifest container, CancellationToken cancellation)
    {
        if (Hold is { } hold)
        {
            await hold(container.Image).WaitAsync(cancellation);
        }

        return Problem(container.Image) is { } problem ? throw problem : FakeImages.Make(container.Image);
    }
}

/// <summary>Volumes that are only names.</summary>
internal sealed class FakeVolumes : IPodVolumes
{
    private readonly ConcurrentDictionary<string, bool> _pods = [];

    /// <summary>Why a pod's volumes cannot be had, given its name; null: they can.</summary>
    public Func<string, string?> Problem { get; set; } = _ => null;

    /// <summary>Whether volumes cannot be taken away now.</summary>
    public bool IsStuck { get; set; }

    public Task<IReadOnlyDictionary<string, VolumePlace>> EnsureAsync(PodManifest pod, CancellationToken cancellation)
    {
        if (Problem(pod.Metadata.Name) is { } problem)
        {
            throw new VolumeException("FailedMount", problem);
        }

        _pods[pod.Uid] = true;
        return Task.FromResult<IReadOnlyDictionary<string, VolumePlace>>(
            pod.Spec.Volumes.ToDictionary(volume => volume.Name, volume => new VolumePlace("/volumes/" + volume.Name, false)));
    }

    public IReadOnlyList<VolumeUsage> Measure(PodManifest pod) => [];

    public Task RemoveAsync(string uid, CancellationToken cancellation)
    {
        if (IsStuck)
        {
            throw new VolumeException("FailedUnmount", "it is in use");
        }

        _pods.TryRemove(uid, out _);
        return Task.CompletedTask;
    }

    public IReadOnlyList<string> ListPods() => [.. _pods.Keys.Order(StringComparer.Ordinal)];
}

/// <summary>Probes whose results the test sets, by container name.</summary>
internal sealed class FakeProbes : IProbes
{
    private readonly ConcurrentDictionary<string, (string Uid, string Name, bool WasReady)> _started = [];
    private readonly ConcurrentDictionary<string, ProbeResults> _results = [];

    public event Action<string>? Changed;

    /// <summary>The containers that are probed, as <c>name</c>.</summary>
    public IReadOnlyList<string> Probed => [.. _started.Values.Select(value => value.Name).Order(StringComparer.Ordinal)];

    /// <summary>Sets what probes say of all containers of a name, from now on.</summary>
    public void Set(string container, ProbeResults results)
    {
        _results[container] = results;
        foreach (var (uid, name, _) in _started.Values)
        {
            if (name == container)
            {
                Changed?.Invoke(uid);
            }
        }
    }

    public void Start(
        PodManifest pod, ContainerManifest container, string containerId, string address, DateTimeOffset startedAt, bool wasReady) =>
        _started.TryAdd(containerId, (pod.Uid, container.Name, wasReady));

    public void Stop(string containerId) => _started.TryRemove(containerId, out _);

    public void StopLiveness(string uid)
    {
    }

    public ProbeResults Results(string containerId) =>
        _started.TryGetValue(containerId, out var entry) && _results.TryGetValue(entry.Name, out var results)
            ? results
            : new ProbeResults(true, true, null);
}

/// <summary>Hooks that only tell.</summary>
internal sealed class FakeHooks : IHooks
{
    /// <summary>Runs a hook, given the container's name and whether it is the one at its start.</summary>
    public Func<string, bool, CancellationToken, Task> Run { get; set; } = (_, _, _) => Task.CompletedTask;

    /// <summary>All hooks that were run, in order, as <c>start web</c> and <c>stop web</c>.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    public Task RunAsync(
        PodManifest pod, ContainerManifest container, string containerId, string address, HandlerManifest hook, CancellationToken cancellation)
    {
        var isStart = ReferenceEquals(hook, container.Lifecycle?.PostStart);
        Calls.Enqueue($"{(isStart ? "start" : "stop")} {container.Name}");
        return Run(container.Name, isStart, cancellation);
    }
}
