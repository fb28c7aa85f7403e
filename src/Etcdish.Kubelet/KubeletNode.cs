using System.Net;
using Etcdish.Kubelet.Certificates;
using Etcdish.Kubelet.Cgroups;
using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Eviction;
using Etcdish.Kubelet.Images;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Logs;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Server;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet;

/// <summary>All parts of a kubelet, put together over a runtime, and run together: one that ends takes the others along.</summary>
internal sealed class KubeletNode : IAsyncDisposable
{
    private static readonly TimeSpan _imagesLife = TimeSpan.FromMinutes(1);

    /// <summary>So long an API that does not answer, or goes down as well, holds up a shutdown.</summary>
    private static readonly TimeSpan _lastWordsLimit = TimeSpan.FromSeconds(5);

    private readonly KubeletOptions _options;
    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;
    private readonly IContainerRuntime _runtime;
    private readonly IPAddress _address;
    private readonly MachineFacts _machine = MachineFacts.Read();
    private readonly PodFolders _folders;
    private readonly EventRecorder _events;
    private readonly Informer<PodManifest> _follower;
    private readonly ObjectSource _objects;
    private readonly PodVolumes _volumes;
    private readonly ImagePuller _puller;
    private readonly ProbeWorkers _probes;
    private readonly Hooks _hooks;
    private readonly PodWorkersParts _parts;
    private readonly PodWorkers _pods;
    private readonly UsageSampler _usage;
    private readonly LogRotation _rotation;
    private readonly ImageCollector _collector;
    private readonly EvictionManager _eviction;
    private readonly NodeReadings _readings;
    private readonly RuntimeWatch _watch;
    private readonly NodeStatusKeeper _keeper;
    private readonly NodeLease _lease;
    private readonly string _runtimeName;
    private KubeletServer? _server;
    private ServingCertificateKeeper? _serving;
    private (DateTimeOffset At, IReadOnlyList<ImageState> Images) _images = (DateTimeOffset.MinValue, []);
    private volatile bool _isShuttingDown;

    private KubeletNode(
        KubernetesClient client,
        KubeletOptions options,
        IPAddress address,
        IContainerRuntime runtime,
        string runtimeName,
        TimeProvider clock,
        Action<string> warn)
    {
        (_options, _address, _runtime, _runtimeName, _clock, _warn) = (options, address, runtime, runtimeName, clock, warn);
        _folders = new PodFolders(Path.GetFullPath(options.Folder), Path.GetFullPath(options.LogFolder), Path.GetFullPath(options.LogLinkFolder));
        _events = new EventRecorder(client, "kubelet", clock, options.NodeName);
        _watch = new RuntimeWatch(runtime, clock, warn);
        _keeper = new NodeStatusKeeper(client, options, ReportAsync, _events, clock, warn);
        _lease = new NodeLease(client, options.NodeName, clock, warn);
        _follower = new Informer<PodManifest>(
            client, KubeletKinds.Pods, clock, warn, "fieldSelector=" + Uri.EscapeDataString("spec.nodeName=" + options.NodeName));
        _objects = new ObjectSource(client, clock, warn);
        _volumes = new PodVolumes(_folders, _objects, client, clock, warn, () => Facts().Allocatable);
        _follower.Subscribe(_volumes.Follow);
        _puller = new ImagePuller(runtime.Images, _objects, _events, clock, options.MaxParallelImagePulls);
        _readings = new NodeReadings(runtime, _machine, _folders);
        _collector = new ImageCollector(
            runtime, _readings.ReadImageDiskAsync, clock, warn, options.ImageHighPercent, options.ImageLowPercent);
        _probes = new ProbeWorkers(runtime, clock, Tell);
        _hooks = new Hooks(runtime, clock);
        _parts = MakeParts(client);
        _pods = new PodWorkers(_parts);
        _eviction = new EvictionManager(
            EvictionThreshold.Parse(options.EvictionHard), _readings, _pods, _collector, _events, _keeper.Subject, clock, warn);
        _usage = new UsageSampler(runtime, clock);
        _rotation = new LogRotation(runtime, _folders, new LogLinks(_folders), options, clock, warn);
    }

    /// <summary>Completes when the API has it that the node is ready.</summary>
    public Task Ready => _keeper.Ready;

    /// <summary>Where its server listens.</summary>
    public IPEndPoint Server => _server!.EndPoint;

    /// <summary>What runs its pods, such as <c>containerd://1.6.20</c>.</summary>
    public string RuntimeVersion => _watch.Info is { } info ? $"{info.Name}://{info.Version}" : "";

    /// <summary>Puts the parts together, and starts the server.</summary>
    /// <exception cref="IOException">A folder cannot be used, or the server's address is taken.</exception>
    public static async Task<KubeletNode> StartAsync(
        KubernetesClient client,
        KubeletOptions options,
        IPAddress address,
        IContainerRuntime runtime,
        TimeProvider clock,
        Action<string> warn,
        CancellationToken cancellation)
    {
        var info = await runtime.GetInfoAsync(cancellation);
        var node = new KubeletNode(client, options, address, runtime, info.Name, clock, warn);
        try
        {
            node._server = await KubeletServer.StartAsync(node.MakeServerParts(client), cancellation);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Works until it is cancelled; then pods run on, or are ended if the options say so.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        _events.Normal(Resources.Nodes, _keeper.Subject, "Starting", "Starting kubelet.");
        using var stop = new CancellationTokenSource();
        Func<CancellationToken, Task>[] parts =
        [
            _keeper.RunAsync,
            token => _lease.RunAsync(() => _keeper.Uid, token),
            .. _serving is { } serving
                ? [token => serving.RunAsync(_keeper.Registered, token)]
                : Array.Empty<Func<CancellationToken, Task>>(),
            _follower.RunAsync,
            _objects.RunAsync,
            _volumes.RunAsync,
            _pods.RunAsync,
            _rotation.RunAsync,
            _collector.RunAsync,
            _eviction.RunAsync,
        ];
        var running = Array.ConvertAll(parts, part => Task.Run(() => part(stop.Token), CancellationToken.None));
        Task ended = Task.WhenAny(running);
        await ended.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!ended.IsCompleted && _options.ShutdownGrace > TimeSpan.Zero)
        {
            await ShutDownAsync(stop.Token);
        }

        await stop.CancelAsync();
        await IgnoreEnd(Task.WhenAll(running), stop.Token);
        if (cancellation.IsCancellationRequested && _options.StopGrace > TimeSpan.Zero)
        {
            await new NodeStop(_parts, FindPod, _options.StopGrace).RunAsync();
        }

        if (!cancellation.IsCancellationRequested)
        {
            throw new IOException("a part of the kubelet has ended");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _pods.Dispose();
        await _probes.DisposeAsync();
        _hooks.Dispose();
        _volumes.Dispose();
        await _objects.DisposeAsync();
        _puller.Dispose();
        _collector.Dispose();
        _usage.Dispose();
        _keeper.Dispose();
        await _events.DisposeAsync();
    }

    private PodManifest? FindPod(string uid) => _pods.List().FirstOrDefault(pod => pod.Uid == uid);

    private static async Task IgnoreEnd(Task task, CancellationToken cancellation)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // As it was told.
        }
    }

    private PodWorkersParts MakeParts(KubernetesClient client) => new()
    {
        Pods = _follower,
        Synced = _follower.Synced,
        Runtime = _runtime,
        Planner = new ContainerPlanner(new ContainerPlannerParts
        {
            Options = _options,
            Folders = _folders,
            Objects = _objects,
            Node = Facts,
            Warn = Tell,
        }),
        Images = _puller,
        Volumes = _volumes,
        Probes = _probes,
        Hooks = _hooks,
        Api = new PodApi(client),
        Events = new PodEvents(_events),
        Folders = _folders,
        Clock = _clock,
        Cgroups = _options.MakesPodCgroups ? PodCgroups.Open(_clock, _warn) : new NoCgroups(),
        NodeName = _options.NodeName,
        RuntimeName = _runtimeName,
        Addresses = () => [_address.ToString()],
        Node = () => _keeper.Node,
        NodeUid = () => _keeper.Uid,
        Admit = Admit,
        MaxPods = _options.MaxPods,
        ManifestFolder = _options.ManifestFolder,
        Warn = _warn,
    };

    private KubeletServerParts MakeServerParts(KubernetesClient client) => new()
    {
        Options = _options,
        Pods = _pods,
        Runtime = _runtime,
        Folders = _folders,
        Usage = _usage,
        Client = client,
        Security = _options.Certificates is { } certificates ? Secure(certificates, client) : null,
        Clock = _clock,
        Warn = _warn,
        CheckHealth = () => string.Join(", ", _watch.Faults),
        MeasureVolumes = _volumes.Measure,
        AddProbeMetrics = AddProbeMetrics,
    };

    private void AddProbeMetrics(MetricText text)
    {
        const string Name = "prober_probe_total";
        text.Family(Name, "counter", "Number of probes of containers that run now, by their results.");
        foreach (var count in _probes.ListCounts())
        {
            text.Sample(
                Name,
                count.Count,
                at: null,
                ("container", count.Container),
                ("namespace", count.Namespace),
                ("pod", count.Pod),
                ("pod_uid", count.PodUid),
                ("probe_type", count.ProbeType),
                ("result", count.Result));
        }
    }

    private ServerSecurity Secure(KubeletCertificates certificates, KubernetesClient client)
    {
        if (certificates.Server is null && certificates.Authority is null)
        {
            _serving = new ServingCertificateKeeper(
                new CertificateAsker(client, _clock, _warn).AskAsync,
                _options.NodeName,
                [_address],
                Path.Combine(_options.Folder, "pki"),
                _clock,
                _warn);
            return new ServerSecurity(() => _serving.Current, certificates.ClientAuthorities);
        }

        var own = certificates.Server ?? ServingCertificate.Issue(certificates.Authority!, _options.NodeName, [_address], _clock);
        return new ServerSecurity(() => own, certificates.ClientAuthorities);
    }

    private void Tell(PodManifest pod, ContainerManifest container, string reason, string message) =>
        new PodEvents(_events).Tell(pod, isWarning: true, reason, message, container);

    private void Tell(PodManifest pod, string reason, string message) => _events.Warning(KubeletKinds.Pods, pod, reason, message);

    private (string Reason, string Message)? Admit(PodManifest pod) => _isShuttingDown
        ? ("NodeShutdown", "Pod was rejected as the node is shutting down.")
        : PressureAdmission.Check(pod, _eviction.Pressures);

    private NodeFacts Facts() => new()
    {
        Addresses = [_address.ToString()],
        Capacity = _keeper.Node?.Status.Capacity ?? [],
        Allocatable = _keeper.Node?.Status.Allocatable ?? [],
    };

    private async Task ShutDownAsync(CancellationToken cancellation)
    {
        _isShuttingDown = true;
        _warn($"the node shuts down: its pods have {_options.ShutdownGrace.TotalSeconds:0} s to end");
        await _keeper.UpdateAsync(cancellation);
        await new GracefulShutdown(_pods, _options.ShutdownGrace, _options.ShutdownGraceCritical, _clock, _warn).RunAsync(cancellation);
        using var limit = new CancellationTokenSource(_lastWordsLimit, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await _pods.TellEndsAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            _warn("the node shuts down before the API has it how all of its pods have ended");
        }
    }

    private async Task<NodeReport> ReportAsync(CancellationToken cancellation)
    {
        await _watch.AskAsync(cancellation);
        var disk = _readings.ReadNodeDisk();
        return new NodeReport
        {
            NodeName = _options.NodeName,
            Machine = _machine,
            Runtime = _watch.Info,
            SharesHostNetwork = _runtime.SharesHostNetwork,
            Disk = disk,
            Addresses = [_address],
            Port = _server?.EndPoint.Port ?? _options.Port,
            MaxPods = _options.MaxPods,
            Images = await ImagesAsync(cancellation),
            Reserved = Reserved(disk),
            Pressures = _eviction.Pressures,
            Faults = _isShuttingDown ? [.. _watch.Faults, GracefulShutdown.NodeFault] : _watch.Faults,
        };
    }

    private async Task<IReadOnlyList<ImageState>> ImagesAsync(CancellationToken cancellation)
    {
        if (_clock.GetUtcNow() - _images.At >= _imagesLife)
        {
            try
            {
                _images = (_clock.GetUtcNow(), await _runtime.Images.ListAsync(cancellation));
            }
            catch (RuntimeException)
            {
                // That it does not answer is told as what keeps the node from being ready; the list is that of before.
            }
        }

        return _images.Images;
    }

    /// <summary>What is left when evictions begin is nobody's.</summary>
    private (long Memory, long Disk) Reserved(FileSystemSpace disk)
    {
        var thresholds = EvictionThreshold.Parse(_options.EvictionHard);
        return (Of(EvictionThreshold.Memory, _machine.MemoryBytes), Of(EvictionThreshold.NodeDisk, disk.CapacityBytes));

        long Of(string signal, long capacity) => thresholds.FirstOrDefault(threshold => threshold.Signal == signal)?.Of(capacity).Value ?? 0;
    }
}
