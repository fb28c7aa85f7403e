using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Volumes;

/// <summary>An API server, and the volumes of a node that works with it.</summary>
internal sealed class VolumeBench : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private CancellationTokenSource _stop = new();
    private readonly TimeProvider _clock;
    private Task _running = Task.CompletedTask;

    private VolumeBench(ControlBench api, TimeProvider clock)
    {
        Api = api;
        _clock = clock;
        Folders = new PodFolders(_folder.File("kubelet"), _folder.File("logs"), _folder.File("links"));
        (Objects, Volumes) = Start();
    }

    public ControlBench Api { get; }

    public PodFolders Folders { get; }

    public ObjectSource Objects { get; private set; }

    public PodVolumes Volumes { get; private set; }

    public List<string> Warnings { get; } = [];

    /// <summary>What the node says of its resources.</summary>
    public Dictionary<string, Quantity> Allocatable { get; } = new() { ["memory"] = new(1L << 30) };

    public static async Task<VolumeBench> StartAsync(TimeProvider? clock = null)
    {
        var api = await ControlBench.StartAsync(clock);
        await api.CreateAsync(Resources.ServiceAccounts, "default", "{'metadata':{'name':'app'}}");
        return new VolumeBench(api, clock ?? TimeProvider.System);
    }

    /// <summary>A file or folder beside the kubelet's.</summary>
    public string File(string name) => _folder.File(name);

    /// <summary>As after the kubelet was killed and started again.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        (Objects, Volumes) = Start();
    }

    public Task WriteAsync(HttpMethod method, string path, string json) =>
        Api.Client.SendAsync(method, path, JsonNode.Parse(json.Replace('\'', '"')), null, CancellationToken.None);

    /// <summary>Writes a config map or secret, new or not.</summary>
    public async Task SetAsync(ApiResource resource, string name, string fields)
    {
        var value = JsonNode.Parse($$$"""{"metadata":{"name":"{{{name}}}"},{{{fields.Replace('\'', '"')}}}}""")!;
        var exists = await Api.ReadAsync(resource, "default", name) is not null;
        await Api.Client.SendAsync(
            exists ? HttpMethod.Put : HttpMethod.Post, resource.Path("default", exists ? name : ""), value, null, CancellationToken.None);
    }

    public Task DeleteAsync(ApiResource resource, string name) =>
        Api.Client.DeleteAsync(resource, "default", name, null, CancellationToken.None);

    /// <summary>Creates a pod in the API, so that tokens can be bound to it; as its node sees it.</summary>
    public async Task<PodManifest> CreateAsync(PodManifest pod)
    {
        var json = JsonNode.Parse($$$"""
            {"metadata":{"name":"{{{pod.Metadata.Name}}}"},"spec":{"serviceAccountName":"app","automountServiceAccountToken":false,
             "containers":[{"name":"c","image":"i"}]}}
            """)!;
        var made = JsonNode.Parse(await Api.Client.SendAsync(
            HttpMethod.Post, KubeletKinds.Pods.Path("default"), json, null, CancellationToken.None))!;
        pod.Metadata.Uid = made["metadata"]!["uid"]!.GetValue<string>();
        return pod;
    }

    /// <summary>Moves the clock on, in steps of what is waited for at most between tries, until something is so.</summary>
    public static async Task AdvanceUntilAsync(ManualClock clock, Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }

    public Task<IReadOnlyDictionary<string, VolumePlace>> EnsureAsync(PodManifest pod) => Volumes.EnsureAsync(pod, CancellationToken.None);

    public Task RemoveAsync(string uid) => Volumes.RemoveAsync(uid, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Api.DisposeAsync();
        MountTable.UnmountBelow(_folder.FullPath);
        _folder.Dispose();
        _stop.Dispose();
    }

    private (ObjectSource Objects, PodVolumes Volumes) Start()
    {
        var objects = new ObjectSource(Api.Client, _clock, Warn);
        var volumes = new PodVolumes(Folders, objects, Api.Client, _clock, Warn, () => Allocatable);
        _running = Task.WhenAll(objects.RunAsync(_stop.Token), volumes.RunAsync(_stop.Token));
        return (objects, volumes);
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        Volumes.Dispose();
        await Objects.DisposeAsync();
    }

    private void Warn(string line)
    {
        lock (Warnings)
        {
            Warnings.Add(line);
        }
    }
}
