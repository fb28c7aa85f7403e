using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubernetes.Informers;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Fakes;

/// <summary>Pods on a node in memory: a runtime, an API, all other parts, and a kubelet that can be ended and started anew at any time.</summary>
internal sealed class PodBench : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);
    private readonly TemporaryFolder _folder = new();
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public PodBench(Func<PodWorkersParts, PodWorkersParts>? change = null)
    {
        Runtime = new FakeRuntime(Clock);
        Api.CheckDelete = uid => Runtime.Containers.Any(c => c.Pod.Uid == uid) || Runtime.Sandboxes.Any(s => s.Pod.Uid == uid)
            || Volumes.ListPods().Contains(uid)
            ? $"{uid} was deleted while there was something of it"
            : null;
        Change = change ?? (parts => parts);
    }

    public ManualClock Clock { get; } = new();

    public FakeRuntime Runtime { get; }

    public FakePodApi Api { get; } = new();

    public FakePodEvents Events { get; } = new();

    public FakePlanner Planner { get; } = new();

    public FakePuller Puller { get; } = new();

    public FakeVolumes Volumes { get; } = new();

    public FakeProbes Probes { get; private set; } = new();

    public FakeHooks Hooks { get; } = new();

    public PodWorkers Workers { get; private set; } = null!;

    public List<string> Warnings { get; } = [];

    /// <summary>Changes what the next kubelet works with.</summary>
    public Func<PodWorkersParts, PodWorkersParts> Change { get; set; }

    /// <summary>Starts a kubelet.</summary>
    public PodBench Start()
    {
        Probes = new FakeProbes();
        var pods = new ObjectCache<PodManifest>();
        Workers = new PodWorkers(Change(new PodWorkersParts
        {
            Pods = pods,
            Synced = Task.CompletedTask,
            Runtime = Runtime,
            Planner = Planner,
            Images = Puller,
            Volumes = Volumes,
            Probes = Probes,
            Hooks = Hooks,
            Api = Api,
            Events = Events,
            Folders = new PodFolders(_folder.File("kubelet"), _folder.File("logs"), _folder.File("links")),
            Clock = Clock,
            NodeName = "here",
            NodeUid = static () => "node-uid",
            RuntimeName = "fake",
            Addresses = () => ["192.168.0.1"],
            Warn = Warn,
        }));
        Api.Changed = Workers.OnPod;
        foreach (var pod in Api.List())
        {
            Workers.OnPod(null, pod);
        }

        _stop = new CancellationTokenSource();
        _running = Workers.RunAsync(_stop.Token);
        return this;
    }

    /// <summary>Ends the kubelet, in the middle of what it does. What runs, runs on.</summary>
    public async Task StopAsync()
    {
        Api.Changed = (_, _) => { };
        await _stop.CancelAsync();
        await _running;
        Workers.Dispose();
    }

    /// <summary>The path of a file of the kubelet's.</summary>
    public string Place(string name) => _folder.File(name);

    /// <summary>Waits, without moving the clock, until something is so.</summary>
    public async Task UntilAsync(Func<bool> condition, string what = "")
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > _patience)
            {
                Assert.Fail($"never: {what}\n{Describe()}");
            }

            await Task.Yield();
        }
    }

    /// <summary>Waits until nothing is left to be done before the clock moves.</summary>
    public async Task RestAsync()
    {
        for (var quiet = 0; quiet < 2; quiet++)
        {
            await Workers.RefreshAsync(CancellationToken.None).WaitAsync(_patience);
            if (!IsIdle)
            {
                quiet = -1;
                await UntilAsync(() => IsIdle, "rest");
            }
        }
    }

    /// <summary>Moves the clock in steps, with rest between them.</summary>
    public async Task PassAsync(double seconds, double step = 1)
    {
        for (var passed = 0.0; passed < seconds; passed += step)
        {
            await RestAsync();
            Clock.Advance(TimeSpan.FromSeconds(Math.Min(step, seconds - passed)));
        }

        await RestAsync();
    }

    /// <summary>Moves the clock, a second at a time, until something is so: for what is not told when it is due.</summary>
    public async Task PassUntilAsync(Func<bool> condition, string what = "")
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(_patience), () => $"never: {what}\n{Describe()}");
            Clock.Advance(TimeSpan.FromSeconds(1));
            await RestAsync();
        }
    }

    /// <summary>A pod's phase and, in brackets, whether it is ready and its containers' states.</summary>
    public string Show(string name)
    {
        if (Api.Status(name) is not { } status)
        {
            return "gone";
        }

        var containers = (status["initContainerStatuses"]?.AsArray() ?? [])
            .Concat(status["containerStatuses"]?.AsArray() ?? [])
            .Concat(status["ephemeralContainerStatuses"]?.AsArray() ?? [])
            .Select(Show);
        return $"{status["phase"]} {(Condition(status, "Ready") == "True" ? "ready" : "unready")} [{string.Join(' ', containers)}]";
    }

    /// <summary>The status of one condition.</summary>
    public static string? Condition(JsonObject status, string type) =>
        (string?)status["conditions"]?.AsArray().FirstOrDefault(c => (string?)c!["type"] == type)?["status"];

    /// <summary>The status of one container of a pod.</summary>
    public JsonObject Container(string pod, string name, string list = "containerStatuses") =>
        Api.Status(pod)![list]!.AsArray().First(c => (string?)c!["name"] == name)!.AsObject();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private static string Show(JsonNode? container)
    {
        var state = container!["state"]!;
        var shown = state["running"] is not null ? "runs"
            : state["terminated"] is { } ended ? $"{ended["reason"]}:{ended["exitCode"]}"
            : (string?)state["waiting"]?["reason"];
        return $"{container["name"]}={shown}/{container["restartCount"]}";
    }

    private bool IsIdle => Workers.IsIdle && Workers.Operating == Runtime.Waiting;

    private string Describe() => string.Join('\n', Api.List().Select(pod => $"{pod}: {Show(pod.Metadata.Name)}")
        .Append("runs: " + string.Join(' ', Runtime.Running)).Concat(Runtime.Calls).Concat(Warnings));

    private void Warn(string line)
    {
        lock (Warnings)
        {
            Warnings.Add(line);
        }
    }
}
