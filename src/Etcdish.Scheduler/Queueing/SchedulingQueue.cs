using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Queueing;

/// <summary>
/// The pods that are to be placed: those to be tried next, by priority and then by age; those that failed and pause; those that wait for
/// the cluster to change; and those that their gates keep. When nothing is to be tried, those that pause are tried before their time.
/// </summary>
/// <param name="cluster">The cluster, for hints.</param>
/// <param name="options">Pauses.</param>
/// <param name="clock">The clock.</param>
internal sealed class SchedulingQueue(ClusterState cluster, SchedulerOptions options, TimeProvider clock)
{
    private readonly Dictionary<ObjectKey, QueuedPod> _pods = [];
    private readonly PriorityQueue<(QueuedPod Pod, long Ticket), (long Priority, DateTimeOffset Since, long Ticket)> _active = new();
    private readonly PriorityQueue<(QueuedPod Pod, long Ticket), DateTimeOffset> _backoff = new();
    private readonly LinkedList<QueuedPod> _unschedulable = [];
    private long _tickets;
    private ChangeKind _interest;

    public int Count => _pods.Count;

    /// <summary>How many there are at a place.</summary>
    public int CountOf(QueuePlace place) => _pods.Values.Count(p => p.Place == place);

    public QueuedPod? Find(ObjectKey key) => _pods.GetValueOrDefault(key);

    /// <summary>Takes a pod without a node as it is now.</summary>
    public QueuedPod Set(Pod pod)
    {
        if (_pods.TryGetValue(pod.Key, out var known))
        {
            if (known.Uid == pod.Metadata.Uid)
            {
                Update(known, pod);
                return known;
            }

            Remove(known);
        }

        var added = new QueuedPod(pod, cluster.Shapes.Take(pod), clock.GetUtcNow());
        _pods.Add(added.Key, added);
        Admit(added);
        if (pod.Status.NominatedNodeName.Length > 0)
        {
            cluster.Nominations.Set(added, pod.Status.NominatedNodeName);
        }

        return added;
    }

    /// <summary>A pod is gone, or has its node.</summary>
    public void Remove(QueuedPod pod)
    {
        if (_pods.TryGetValue(pod.Key, out var known) && known == pod)
        {
            _pods.Remove(pod.Key);
            Leave(pod, QueuePlace.InFlight);
            cluster.Nominations.Remove(pod.Key);
            cluster.Shapes.Release(pod.Shape);
        }
    }

    /// <summary>Whether a pod is still to be placed.</summary>
    public bool Holds(QueuedPod pod) => _pods.TryGetValue(pod.Key, out var known) && known == pod;

    /// <summary>The pod to be tried next, or null.</summary>
    public QueuedPod? Pop()
    {
        FinishBackoffs();
        if (!TryTake(_active, QueuePlace.Active, out var pod) && !TryTakePausing(out pod))
        {
            return null;
        }

        Leave(pod!, QueuePlace.InFlight);
        pod!.Attempts++;
        return pod;
    }

    /// <summary>When a pause ends that is not cut short; null: there is none.</summary>
    public DateTimeOffset? NextBackoff
    {
        get
        {
            while (_backoff.TryPeek(out var entry, out var due))
            {
                if (entry.Pod.Place == QueuePlace.Backoff && entry.Pod.Ticket == entry.Ticket)
                {
                    return due;
                }

                _backoff.Dequeue();
            }

            return null;
        }
    }

    /// <summary>A pod found no node: it waits until something changes that may help.</summary>
    public void Park(QueuedPod pod, Plugin rejectedBy)
    {
        pod.RejectedBy = rejectedBy;
        pod.HasFailed = false;
        Pause(pod);
        pod.Place = QueuePlace.Unschedulable;
        pod.Waiting = _unschedulable.AddLast(pod);
        _interest |= QueueingHints.Interest(rejectedBy);
    }

    /// <summary>Something went wrong that has nothing to do with the pod: it is tried again after a pause.</summary>
    public void Retry(QueuedPod pod)
    {
        pod.HasFailed = true;
        Pause(pod);
        Requeue(pod);
    }

    /// <summary>Something has changed: whom it may help, is tried again.</summary>
    public void Tell(in ClusterChange change)
    {
        if (_unschedulable.Count == 0 || (_interest & change.Kind) == 0)
        {
            return;
        }

        // Equal pods that were rejected by the same have equal hopes.
        PodShape? shape = null;
        Plugin rejectedBy = default;
        var mayHelp = false;
        var interest = ChangeKind.None;
        for (var entry = _unschedulable.First; entry is not null;)
        {
            var pod = entry.Value;
            entry = entry.Next;
            if (pod.Shape != shape || pod.RejectedBy != rejectedBy)
            {
                (shape, rejectedBy) = (pod.Shape, pod.RejectedBy);
                mayHelp = QueueingHints.MayHelp(shape, rejectedBy, change, cluster);
            }

            if (mayHelp)
            {
                Leave(pod, QueuePlace.InFlight);
                Requeue(pod);
            }
            else
            {
                interest |= QueueingHints.Interest(rejectedBy);
            }
        }

        _interest = interest;
    }

    /// <summary>Tries those again that have waited for too long, whatever happened or not.</summary>
    public void FlushUnschedulable()
    {
        var due = clock.GetUtcNow() - options.UnschedulableTimeout;
        for (var entry = _unschedulable.First; entry is not null;)
        {
            var pod = entry.Value;
            entry = entry.Next;
            if (pod.Since <= due)
            {
                Leave(pod, QueuePlace.InFlight);
                Requeue(pod);
            }
        }
    }

    private void Update(QueuedPod known, Pod now)
    {
        var shape = cluster.Shapes.Take(now);
        known.Pod = now;
        if (shape == known.Shape)
        {
            cluster.Shapes.Release(shape);
            return;
        }

        cluster.Shapes.Release(known.Shape);
        known.Shape = shape;
        if (known.Place == QueuePlace.Gated)
        {
            Admit(known);
        }
        else if (known.Place is QueuePlace.Unschedulable or QueuePlace.Active)
        {
            Leave(known, QueuePlace.InFlight);
            Requeue(known);
        }
    }

    private void Admit(QueuedPod pod)
    {
        if (pod.Shape.Gates.Length > 0)
        {
            pod.Place = QueuePlace.Gated;
            pod.RejectedBy = Plugin.SchedulingGates;
        }
        else
        {
            Activate(pod);
        }
    }

    private void Activate(QueuedPod pod)
    {
        pod.Place = QueuePlace.Active;
        pod.Ticket = ++_tickets;
        _active.Enqueue((pod, pod.Ticket), (-(long)pod.Shape.Priority, pod.Since, pod.Ticket));
    }

    private void Requeue(QueuedPod pod)
    {
        if (pod.BackoffUntil <= clock.GetUtcNow())
        {
            Activate(pod);
            return;
        }

        pod.Place = QueuePlace.Backoff;
        pod.Ticket = ++_tickets;
        _backoff.Enqueue((pod, pod.Ticket), pod.BackoffUntil);
    }

    private void Pause(QueuedPod pod)
    {
        pod.Since = clock.GetUtcNow();
        var pause = options.InitialBackoff * Math.Pow(2, Math.Min(pod.Attempts, 30) - 1);
        pod.BackoffUntil = pod.Since + (pause < options.MaxBackoff ? pause : options.MaxBackoff);
    }

    private void Leave(QueuedPod pod, QueuePlace place)
    {
        if (pod.Waiting is { } waiting)
        {
            _unschedulable.Remove(waiting);
            pod.Waiting = null;
        }

        // An entry that it has in a heap is told by its ticket to be old.
        pod.Ticket = 0;
        pod.Place = place;
    }

    private void FinishBackoffs()
    {
        var now = clock.GetUtcNow();
        while (NextBackoff is { } due && due <= now)
        {
            Activate(_backoff.Dequeue().Pod);
        }
    }

    private bool TryTakePausing(out QueuedPod? pod)
    {
        pod = null;
        if (NextBackoff is null || _backoff.Peek().Pod.HasFailed)
        {
            return false;
        }

        pod = _backoff.Dequeue().Pod;
        return true;
    }

    private static bool TryTake<TOrder>(PriorityQueue<(QueuedPod Pod, long Ticket), TOrder> queue, QueuePlace place, out QueuedPod? pod)
    {
        while (queue.TryDequeue(out var entry, out _))
        {
            if (entry.Pod.Place == place && entry.Pod.Ticket == entry.Ticket)
            {
                pod = entry.Pod;
                return true;
            }
        }

        pod = null;
        return false;
    }
}
