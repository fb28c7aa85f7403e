using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Pods;

/// <summary>
/// Looks at the runtime for all pods at once: one list for each change, and one for whoever has changed something and wants to see it. Reads
/// are for many threads.
/// </summary>
internal sealed class RuntimeObserver(IContainerRuntime runtime, TimeProvider clock, Action<string> warn)
{
    private static readonly TimeSpan _pauseAfterFailure = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<TaskCompletionSource> _unseen = [];
    private TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Dictionary<string, PodSight> _pods = [];
    private bool _fails;

    /// <summary>Hears of each pod of which something has changed, by uid. Must only note it.</summary>
    public event Action<string>? Changed;

    /// <summary>The uids of all pods of which the runtime has something.</summary>
    public IReadOnlyCollection<string> Pods => Volatile.Read(ref _pods).Keys;

    /// <summary>What there is of a pod.</summary>
    public PodSight Find(string uid) => Volatile.Read(ref _pods).GetValueOrDefault(uid) ?? PodSight.Nothing;

    /// <summary>Completes when a list has been read that was asked for after this call.</summary>
    public Task RefreshAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _unseen.Add(seen);
            _asked.TrySetResult();
            return seen.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Follows the runtime until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var change = Task.CompletedTask;
        while (true)
        {
            try
            {
                // Asked before the list, so that what changes behind it is not missed.
                change = change.IsCompleted ? runtime.WaitForChangeAsync(cancellation) : change;
                var asked = await ListAsync(cancellation);
                await await Task.WhenAny(change, asked).WaitAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever it is: without this loop no pod is looked at any more.
            catch (Exception e)
            {
                await PauseAsync(e, cancellation);
            }
#pragma warning restore CA1031
        }
    }

    private async Task PauseAsync(Exception failure, CancellationToken cancellation)
    {
        if (!_fails)
        {
            _fails = true;
            warn($"the container runtime does not answer: {(failure is RuntimeException ? failure.Message : failure)}");
        }

        await Task.Delay(_pauseAfterFailure, clock, cancellation).ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Lists; the task that completes when the next list is asked for.</summary>
    private async Task<Task> ListAsync(CancellationToken cancellation)
    {
        TaskCompletionSource[] waiting;
        Task asked;
        lock (_lock)
        {
            waiting = [.. _unseen];
            _asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            asked = _asked.Task;
        }

        var now = PodSight.Sort(await runtime.ListAsync(cancellation));
        _fails = false;
        var before = _pods;
        Volatile.Write(ref _pods, now);
        lock (_lock)
        {
            _unseen.RemoveAll(seen => Array.IndexOf(waiting, seen) >= 0);
        }

        foreach (var uid in now.Keys.Union(before.Keys))
        {
            if (!PodSight.IsSame(before.GetValueOrDefault(uid), now.GetValueOrDefault(uid)))
            {
                Changed?.Invoke(uid);
            }
        }

        foreach (var seen in waiting)
        {
            seen.TrySetResult();
        }

        return asked;
    }
}

/// <summary>What a runtime has of one pod, as a list tells it.</summary>
/// <param name="Sandboxes">Its sandboxes, the newest first.</param>
/// <param name="Containers">Its containers, the newest first.</param>
internal sealed record PodSight(IReadOnlyList<SandboxState> Sandboxes, IReadOnlyList<ContainerState> Containers)
{
    /// <summary>Nothing.</summary>
    public static PodSight Nothing { get; } = new([], []);

    /// <summary>What there is of each pod.</summary>
    public static Dictionary<string, PodSight> Sort(RuntimeSnapshot all)
    {
        var sandboxes = all.Sandboxes.OrderByDescending(sandbox => sandbox.Attempt).ToLookup(sandbox => sandbox.Pod.Uid);
        var containers = all.Containers
            .OrderByDescending(container => container.Attempt)
            .ThenByDescending(container => container.CreatedAt)
            .ToLookup(container => container.Pod.Uid);
        return sandboxes.Select(group => group.Key).Union(containers.Select(group => group.Key))
            .ToDictionary(uid => uid, uid => new PodSight([.. sandboxes[uid]], [.. containers[uid]]));
    }

    /// <summary>Whether two sights show the same.</summary>
    public static bool IsSame(PodSight? one, PodSight? other) =>
        one is not null && other is not null
        && one.Sandboxes.Select(s => (s.Id, s.IsReady)).SequenceEqual(other.Sandboxes.Select(s => (s.Id, s.IsReady)))
        && one.Containers.Select(c => (c.Id, c.Phase)).SequenceEqual(other.Containers.Select(c => (c.Id, c.Phase)));
}
