using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Binding;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Kinds;
using Etcdish.Scheduler.Preempting;
using Etcdish.Scheduler.Queueing;

namespace Etcdish.Scheduler;

/// <summary>
/// Finds nodes for pods that have none and name this scheduler. One loop decides, a pod at a time, on a picture of the cluster that only it
/// has; decisions are counted at once and written in the background. It remembers nothing that it cannot see again: it may be killed at any
/// moment, and of several that run one should be chosen by a lease.
/// </summary>
public sealed class PodScheduler
{
    private static readonly TimeSpan _flushInterval = TimeSpan.FromSeconds(30);
    private static readonly object _tick = new();

    private readonly ControllerContext _context;
    private readonly SchedulerOptions _options;
    private readonly Inbox _inbox = new();
    private readonly ClusterState _cluster = new();
    private readonly DisruptionBudgets _budgets = new();
    private readonly SchedulingQueue _queue;
    private readonly SchedulingCycle _cycle;
    private readonly Preemption _preemption;
    private readonly ClusterUpdates _updates;
    private readonly Binder _binder;
    private readonly StatusWriter _status;
    private int _unwritten;
    private DateTimeOffset _nextFlush;

    /// <summary>Makes one; it asks for its informers.</summary>
    /// <param name="context">The API and what is known of it.</param>
    /// <param name="options">How it works; null: the defaults.</param>
    public PodScheduler(ControllerContext context, SchedulerOptions? options = null)
    {
        _context = context;
        _options = options ?? new SchedulerOptions();
        _queue = new SchedulingQueue(_cluster, _options, context.Clock);
        _cycle = new SchedulingCycle(_cluster, _options);
        _preemption = new Preemption(_cluster, _cycle, _budgets, new Random(_options.Seed));
        _status = new StatusWriter(context, _options);
        _updates = new ClusterUpdates(_cluster, _queue, _budgets, _status, _options);
        var claims = new ClaimWaits(context.Informers.Of(SchedulerKinds.Claims), context.Clock);
        _binder = new Binder(context, claims, _options, outcome => _inbox.Post(new Notice(null, null, outcome)));
        Follow();
    }

    /// <summary>How many pods have been placed and bound.</summary>
    public long Bound { get; private set; }

    /// <summary>How many attempts to place a pod were made.</summary>
    public long Attempts { get; private set; }

    /// <summary>Starts the informers, then works until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await _context.Informers.StartAsync(cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var writers = Task.WhenAll(_binder.RunAsync(stop.Token), _status.RunAsync(stop.Token));
        try
        {
            await Task.Run(() => LoopAsync(stop.Token), CancellationToken.None);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end.
        }
        finally
        {
            await stop.CancelAsync();
            await writers;
        }
    }

    private void Follow()
    {
        _inbox.Follow(_context, Resources.Nodes);
        _inbox.Follow(_context, Resources.Pods);
        _inbox.Follow(_context, SchedulerKinds.Services);
        _inbox.Follow(_context, SchedulerKinds.Namespaces);
        _inbox.Follow(_context, SchedulerKinds.ReplicaSets);
        _inbox.Follow(_context, SchedulerKinds.StatefulSets);
        _inbox.Follow(_context, SchedulerKinds.Budgets);
        _inbox.Follow(_context, SchedulerKinds.Claims);
        _inbox.Follow(_context, SchedulerKinds.Volumes);
        _inbox.Follow(_context, SchedulerKinds.StorageClasses);
        _inbox.Follow(_context, SchedulerKinds.CsiNodes);
    }

    private async Task LoopAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            while (_inbox.TryTake(out var notice))
            {
                Take(notice);
            }

            Flush();
            if (_unwritten < _options.MaxUnwrittenBindings && _queue.Pop() is { } pod)
            {
                Schedule(pod);
            }
            else
            {
                await WaitAsync(cancellation);
            }
        }
    }

    /// <summary>Waits until there is something to hear, or a pause ends.</summary>
    private async Task WaitAsync(CancellationToken cancellation)
    {
        var due = _queue.NextBackoff is { } backoff && backoff < _nextFlush ? backoff : _nextFlush;
        var pause = due - _context.Clock.GetUtcNow();
        await using var timer = _context.Clock.CreateTimer(
            _ => _inbox.Post(new Notice(null, null, _tick)), null, pause > TimeSpan.Zero ? pause : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        await _inbox.WaitAsync(cancellation);
    }

    private void Flush()
    {
        var now = _context.Clock.GetUtcNow();
        if (now >= _nextFlush)
        {
            _nextFlush = now + _flushInterval;
            _queue.FlushUnschedulable();
        }
    }

    private void Take(in Notice notice)
    {
        if (notice.Now is BindOutcome outcome)
        {
            Finish(outcome);
        }
        else if (notice.Resource is not null)
        {
            _updates.Take(notice);
        }
    }

    private void Schedule(QueuedPod pod)
    {
        Attempts++;
        if (pod.Pod.Metadata.IsBeingDeleted)
        {
            return;
        }

        var placement = _cycle.Find(pod);
        if (placement.Node is { } node)
        {
            var state = _cluster.Assume(pod.Pod, pod.Shape, node);
            _cluster.Nominations.Remove(pod.Key);
            foreach (var (claim, volume) in placement.Volumes?.Matched ?? [])
            {
                _cluster.Volumes.Assume(volume.Metadata.Name, claim.Key);
            }

            _unwritten++;
            _binder.Bind(new Decision(pod, state, node.Name, placement.Volumes));
            _queue.Tell(new ClusterChange(ChangeKind.PodPlaced, Pod: pod.Shape, On: node));
        }
        else
        {
            Reject(pod, placement.Diagnosis!);
        }
    }

    private void Reject(QueuedPod pod, Diagnosis diagnosis)
    {
        var preemption = diagnosis.Nodes == 0 ? default : _preemption.Look(pod, diagnosis);
        string? nominated = preemption.ClearsNomination ? "" : null;
        if (preemption.Victims is { } victims)
        {
            nominated = victims.Node.Name;
            Preempt(pod, victims);
        }
        else if (preemption.ClearsNomination)
        {
            _cluster.Nominations.Remove(pod.Key);
        }

        _queue.Park(pod, diagnosis.RejectedBy);
        _status.Reject(pod.Pod, "Unschedulable", diagnosis.Message(preemption.Message ?? ""), nominated, hasEvent: true);
    }

    private void Preempt(QueuedPod pod, Victims victims)
    {
        foreach (var victim in victims.Pods)
        {
            _status.Evict(victim.Pod, pod.Pod, victims.Node.Name);
        }

        // Those of less priority that hoped for the same node have to look elsewhere.
        var nominated = _cluster.Nominations.On(victims.Node.Name);
        foreach (var other in nominated.Where(p => p != pod && p.Shape.Priority < pod.Shape.Priority).ToArray())
        {
            _cluster.Nominations.Remove(other.Key);
            _status.ClearNomination(other.Pod);
        }

        _cluster.Nominations.Set(pod, victims.Node.Name);
    }

    private void Finish(BindOutcome outcome)
    {
        _unwritten--;
        var (pod, state) = (outcome.Decision.Queued, outcome.Decision.State);
        if (outcome.Problem is null)
        {
            Bound++;
            if (_queue.Holds(pod))
            {
                _queue.Remove(pod);
            }

            return;
        }

        foreach (var (_, volume) in outcome.Decision.Volumes?.Matched ?? [])
        {
            _cluster.Volumes.Forget(volume.Metadata.Name);
        }

        // What the API says of the pod by now counts more than what was assumed.
        if (state.IsAssumed && state.Node is { } node && _cluster.Find(state.Key) == state)
        {
            var shape = state.Shape;
            _cluster.RemovePod(state);
            _queue.Tell(new ClusterChange(ChangeKind.PodRemoved, Pod: shape, On: node));
        }

        if (_queue.Holds(pod))
        {
            Complain(pod, outcome.Problem);
            _queue.Retry(pod);
        }
    }

    private void Complain(QueuedPod pod, Exception problem)
    {
        if (problem is ApiStatusException { IsNotFound: true } or ApiStatusException { IsConflict: true })
        {
            // It is gone or bound already: the news is on its way here.
            return;
        }

        _context.Warn($"scheduler: {pod}: {problem.Message}");
        _status.Reject(pod.Pod, "SchedulerError", problem.Message, null, hasEvent: true);
    }
}
