using System.Collections.Concurrent;
using System.Diagnostics;
using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Tests.Containers;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Probes;

/// <summary>A container in memory, probed by commands whose exit codes the test sets, on a clock that the test moves.</summary>
internal sealed class ProbeHarness : IAsyncDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);
    private readonly ConcurrentDictionary<string, int> _done = [];
    private int _added;

    public ProbeHarness()
    {
        Runtime = new FakeRuntime(Clock) { Command = Answer };
        Workers = new ProbeWorkers(Runtime, Clock, (_, _, reason, message) => Events.Enqueue($"{reason}: {message}"));
        Workers.Changed += uid => Changes.Enqueue(uid);
    }

    public ManualClock Clock { get; } = new();

    public FakeRuntime Runtime { get; }

    public ProbeWorkers Workers { get; }

    public ConcurrentQueue<string> Events { get; } = [];

    public ConcurrentQueue<string> Changes { get; } = [];

    /// <summary>The exit code of each command, 0 if it is not here.</summary>
    public ConcurrentDictionary<string, int> Codes { get; } = [];

    /// <summary>Makes a container with these probes; its id.</summary>
    public async Task<string> AddAsync(string probes, string metadata = "", TimeSpan age = default, bool wasReady = false)
    {
        var pod = Given.PodOf(probes, metadata);
        var sandbox = new SandboxSettings { Pod = new PodIdentity("ns", "web", "u1"), Attempt = _added++ };
        var sandboxId = await Runtime.RunSandboxAsync(sandbox, CancellationToken.None);
        var settings = new ContainerSettings { Name = "c", Attempt = sandbox.Attempt, ImageReference = "i" };
        var id = await Runtime.CreateContainerAsync(sandboxId, sandbox, settings, CancellationToken.None);
        await Runtime.StartContainerAsync(id, CancellationToken.None);
        Workers.Start(pod, pod.Spec.Containers[0], id, "127.0.0.1", Clock.GetUtcNow() - age, wasReady);
        return id;
    }

    /// <summary>Moves the clock, and waits until a command has been run so often in all, with all that follows from it.</summary>
    public async Task AdvanceAsync(double seconds, string command, int times)
    {
        Clock.Advance(TimeSpan.FromSeconds(seconds));
        await UntilAsync(() => Done(command) == times && Workers.IsIdle, () => $"{command} was run {Done(command)} times");
    }

    public int Done(string command) => _done.GetValueOrDefault(command);

    public long Counted() => Workers.ListCounts().Sum(count => count.Count);

    public static async Task UntilAsync(Func<bool> condition, Func<string> problem)
    {
        var since = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.That(Stopwatch.GetElapsedTime(since), Is.LessThan(_limit), problem);
            await Task.Yield();
        }
    }

    public ValueTask DisposeAsync() => Workers.DisposeAsync();

    private CommandOutput Answer(string container, IReadOnlyList<string> command)
    {
        _done.AddOrUpdate(command[0], 1, (_, times) => times + 1);
        return new CommandOutput(Codes.GetValueOrDefault(command[0]), "out "u8.ToArray(), "err"u8.ToArray());
    }
}
