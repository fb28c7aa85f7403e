using Etcdish.Kubelet.Eviction;
using Etcdish.Kubelet.Images;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Eviction;

/// <summary>A node whose memory and disk a test takes away.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EvictionManagerTests
{
    private readonly ManualClock _clock = new();
    private readonly FakeDirectory _pods = new();
    private readonly Readings _readings = new();
    private readonly List<string> _warnings = [];
    private FakeRuntime _runtime = null!;
    private EventLog _events = null!;
    private ImageCollector _images = null!;
    private EvictionManager _manager = null!;

    [SetUp]
    public void Start()
    {
        _runtime = new FakeRuntime(_clock);
        _events = new EventLog(_clock);
        _images = new ImageCollector(_runtime, _ => Task.FromResult(default(FileSystemSpace)), _clock, _warnings.Add);
        _manager = new EvictionManager(
            EvictionThreshold.Parse("memory.available<100Mi,nodefs.available<10%"),
            _readings,
            _pods,
            _images,
            _events.Recorder,
            new Node { Metadata = new() { Name = "n" } },
            _clock,
            _warnings.Add);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _images.Dispose();
        await _events.DisposeAsync();
        await _runtime.DisposeAsync();
    }

    [Test]
    public async Task One_pod_goes_at_a_time_until_there_is_enough()
    {
        Add("small", 10);
        Add("large", 300);
        _readings.Node["memory.available"] = new Observation(50 << 20, 1L << 30);
        await LookAsync();
        Assert.That(_manager.Pressures, Is.EqualTo(new NodePressures(true, false, false)));
        Assert.That(_pods.Evictions, Has.Count.EqualTo(1));
        Assert.That(_pods.Evictions[0], Does.StartWith("large Evicted 1: The node was low on resource: memory. "));

        _readings.Node["memory.available"] = new Observation(350 << 20, 1L << 30);
        await LookAsync();
        Assert.That(_pods.Evictions, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Pressure_is_told_for_five_minutes_more()
    {
        var changes = 0;
        _manager.Changed += () => changes++;
        _readings.Node["memory.available"] = new Observation(0, 1L << 30);
        await LookAsync();
        _readings.Node["memory.available"] = new Observation(1L << 29, 1L << 30);
        _clock.Advance(TimeSpan.FromSeconds(299));
        await LookAsync();
        Assert.That((_manager.Pressures.Memory, changes), Is.EqualTo((true, 1)));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await LookAsync();
        Assert.That(_manager.Pressures.Memory, Is.False);
    }

    [Test]
    public async Task Images_go_before_pods()
    {
        _runtime.Images.Add("old:1");
        await _images.CollectAsync(CancellationToken.None);
        _clock.Advance(TimeSpan.FromMinutes(3));
        Add("p", 1);
        _readings.Node["nodefs.available"] = new Observation(5, 100);
        _readings.OnNode = () => _readings.Node["nodefs.available"] =
            new Observation(_runtime.Images.ListAsync(CancellationToken.None).Result.Count == 0 ? 50 : 5, 100);
        await LookAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_manager.Pressures.Disk, Is.True);
            Assert.That(await _runtime.Images.ListAsync(CancellationToken.None), Is.Empty);
            Assert.That(_pods.Evictions, Is.Empty);
        }
    }

    [Test]
    public async Task A_volume_beyond_its_limit_ends_its_pod_without_any_pressure()
    {
        _pods.Pods.Add(PodTexts.Read("p", "{'containers':[],'volumes':[{'name':'v','emptyDir':{'sizeLimit':'1Mi'}}]}"));
        _readings.Pods["p"] = new PodUsage { Volumes = new Dictionary<string, long> { ["v"] = 2 << 20 } };
        await LookAsync();
        Assert.That(_pods.Evictions, Is.EqualTo((string[])["p Evicted 1: Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". "]));
        Assert.That(_manager.Pressures, Is.EqualTo(default(NodePressures)));
    }

    [Test]
    public async Task Critical_pods_stay()
    {
        _pods.Pods.Add(PodTexts.Of("critical", priority: GracefulShutdown.CriticalPriority));
        _readings.Node["memory.available"] = new Observation(0, 1L << 30);
        await LookAsync();
        Assert.That(_pods.Evictions, Is.Empty);
        Assert.That(_warnings, Has.One.Contains("there is no pod that may be evicted"));
    }

    private Task LookAsync() => _manager.LookAsync(CancellationToken.None);

    private void Add(string name, long mebibytes)
    {
        _pods.Pods.Add(PodTexts.Of(name));
        _readings.Pods[name] = new PodUsage { Memory = new Dictionary<string, long> { ["c"] = mebibytes << 20 } };
    }

    private sealed class Readings : IPressureReadings
    {
        public Dictionary<string, Observation> Node { get; } = [];

        public Dictionary<string, PodUsage> Pods { get; } = [];

        public Action OnNode { get; set; } = () => { };

        public Task<IReadOnlyDictionary<string, Observation>> ReadNodeAsync(CancellationToken cancellation)
        {
            OnNode();
            return Task.FromResult<IReadOnlyDictionary<string, Observation>>(new Dictionary<string, Observation>(Node));
        }

        public Task<IReadOnlyDictionary<string, PodUsage>> ReadPodsAsync(
            IReadOnlyList<PodManifest> pods, bool withDisk, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyDictionary<string, PodUsage>>(Pods);
    }
}
