using Etcdish.ClusterBench;
using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>
/// Deployments that are paused, resumed, scaled, changed and taken back in any order, while connections break and controllers are killed:
/// in the end there is what was said last, and at no moment more pods or fewer than any of the changes allows.
/// </summary>
public sealed class RolloutChangeTests
{
    private const int Surge = 2;
    private const int Unavailable = 1;
    private const int Changes = 14;
    private const int MaxPods = 8;
    private const int HistoryLimit = 3;

    private ControlBench _bench = null!;
    private PodMonitor _monitor = null!;
    private string _ns = "";
    private Random _random = null!;
    private int _replicas;
    private string _image = "";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _bench = await ControlBench.StartAsync();
        _bench.Add(new InstantKubelet(_bench.Context));
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _bench.DisposeAsync();

    [Test]
    public async Task What_was_said_last_is_there_in_the_end([Range(1, 8)] int seed)
    {
        _ns = await Samples.NamespaceAsync(_bench);
        _random = new Random(seed);
        (_replicas, _image) = (_random.Next(2, MaxPods), "i:1");
        var process = Samples.StartProcess(_bench, seed);
        await using var monitor = _monitor = await PodMonitor.StartAsync(_bench, _ns);
        try
        {
            monitor.Max = _replicas;
            await CreateAsync();
            await CompleteAsync(seed);
            (monitor.Max, monitor.MinAvailable) = (_replicas + Surge, _replicas - Unavailable);
            for (var change = 0; change < Changes; change++)
            {
                if (_random.Next(8) == 0)
                {
                    await process.DisposeAsync();
                    process = Samples.StartProcess(_bench, (seed * 100) + change);
                }

                await ChangeAsync();
                await monitor.SeeAsync(_random.Next(0, 6));
            }

            await PatchAsync("{'spec':{'paused':null}}");
            await CompleteAsync(seed);
            await NumberedAsync(seed);
            Assert.That(monitor.Faults, Is.Empty, $"seed {seed}");
        }
        finally
        {
            await process.DisposeAsync();
        }
    }

    private Task ChangeAsync() => _random.Next(6) switch
    {
        0 => PatchAsync("{'spec':{'paused':true}}"),
        1 => PatchAsync("{'spec':{'paused':null}}"),
        2 => ScaleAsync(_random.Next(1, MaxPods + 1)),
        3 => UndoAsync(),
        _ => ChangeImageAsync($"i:{_random.Next(1, 5)}"),
    };

    private Task<Deployment> ScaleAsync(int replicas)
    {
        _replicas = replicas;
        _monitor.Max = Math.Max(_monitor.Max, replicas + Surge);
        _monitor.MinAvailable = Math.Min(_monitor.MinAvailable, replicas - Unavailable);
        return PatchAsync($"{{'spec':{{'replicas':{replicas}}}}}");
    }

    private Task<Deployment> ChangeImageAsync(string image)
    {
        _image = image;
        return PatchAsync($"{{'spec':{{'template':{{'spec':{{'containers':[{{'name':'c','image':'{image}'}}]}}}}}}}}");
    }

    /// <summary>Back to the template before the newest, as a client does it that takes back a roll-out.</summary>
    private async Task UndoAsync()
    {
        var sets = await _bench.WaitAsync(Resources.ReplicaSets, _ns, all => all.Count > 0);
        if (sets.OrderByDescending(Revisions.Of).Skip(1).FirstOrDefault() is { } before)
        {
            await ChangeImageAsync(ImageOf(before));
        }
    }

    /// <summary>The sets have numbers, no two the same, and the deployment that of the newest, which is the one it runs.</summary>
    private async Task NumberedAsync(int seed)
    {
        var sets = await _bench.WaitAsync(
            Resources.ReplicaSets, _ns,
            all => all.Count <= HistoryLimit + 1 && all.Where(set => set.Spec.Replicas > 0).Select(ImageOf).SequenceEqual([_image])
                && ImageOf(all.MaxBy(Revisions.Of)!) == _image,
            set => $"seed {seed}: {set} {ImageOf(set)} revision {Revisions.Of(set)} of {set.Spec.Replicas} pods, wanted {_image}");
        Assert.That(sets.Select(Revisions.Of), Is.Unique.And.All.Positive, $"seed {seed}");
        await _bench.WaitAsync(
            Resources.Deployments, _ns, all => Revisions.Of(all[0]) == Revisions.Highest(sets), d => $"seed {seed}: {d} revision {Revisions.Of(d)}");
    }

    private static string ImageOf(ReplicaSet set) => set.Spec.Template.Json["spec"]!["containers"]![0]!["image"]!.GetValue<string>();

    private Task<Deployment> CreateAsync() => _bench.CreateAsync(
        Resources.Deployments,
        _ns,
        $"{{'metadata':{{'name':'web'}},'spec':{{'replicas':{_replicas},'revisionHistoryLimit':{HistoryLimit},'selector':{{'matchLabels':{{'app':'web'}}}},"
        + $"'strategy':{{'rollingUpdate':{{'maxSurge':{Surge},'maxUnavailable':{Unavailable}}}}},"
        + $"'template':{{'metadata':{{'labels':{{'app':'web'}}}},'spec':{{'containers':[{{'name':'c','image':'{_image}'}}]}}}}}}}}");

    private Task<Deployment> PatchAsync(string patch) => _bench.PatchAsync(Resources.Deployments, _ns, "web", patch);

    private async Task CompleteAsync(int seed)
    {
        await _bench.WaitAsync(
            Resources.Deployments, _ns,
            all => all is [var one] && RolloutStatus.Of(one.Status).IsComplete(one),
            d => $"seed {seed}: {Samples.Describe(d)}");
        await _bench.WaitAsync(
            Resources.Pods, _ns,
            pods => pods.Count == _replicas && pods.All(pod => pod.IsReady && pod.Spec.Containers[0].Image == _image),
            pod => $"seed {seed}: {pod} {pod.Spec.Containers[0].Image}, wanted {_replicas} of {_image}");
    }
}
