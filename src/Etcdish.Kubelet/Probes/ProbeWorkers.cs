using System.Threading.Channels;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Kubelet.Probes;

/// <summary>
/// Probes all containers of the node with one queue and so one timer, and with a bounded number of probes at a time: a container costs
/// nothing between its probes. A startup probe goes before the others; when it has succeeded, they begin at once.
/// </summary>
internal sealed class ProbeWorkers : IProbes, IAsyncDisposable
{
    private const int MaxAtOnce = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ProbedContainer> _containers = new(StringComparer.Ordinal);
    private readonly WorkQueue<ProbeKey> _queue;
    private readonly CancellationTokenSource _stop = new();
    private readonly ProbeRunner _runner;
    private readonly TimeProvider _clock;
    private readonly Action<PodManifest, ContainerManifest, string, string> _warn;
    private readonly DateTimeOffset _madeAt;
    private readonly Task _working;

    /// <summary>Makes one, which works until it is disposed.</summary>
    /// <param name="runtime">Runs commands in containers.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="warn">Tells a container's owner: pod, container, reason and message of an event. Must not block.</param>
    public ProbeWorkers(IContainerRuntime runtime, TimeProvider clock, Action<PodManifest, ContainerManifest, string, string> warn)
    {
        (_clock, _warn, _madeAt) = (clock, warn, clock.GetUtcNow());
        _runner = new ProbeRunner(runtime, clock);
        _queue = new WorkQueue<ProbeKey>(clock);
        _working = Task.WhenAll(Enumerable.Range(0, MaxAtOnce).Select(_ => WorkAsync()));
    }

    /// <inheritdoc/>
    public event Action<string>? Changed;

    /// <summary>Whether no probe is due or being done, and all is told of those that were.</summary>
    public bool IsIdle => _queue.Count == 0;

    /// <inheritdoc/>
    public void Start(
        PodManifest pod, ContainerManifest container, string containerId, string address, DateTimeOffset startedAt, bool wasReady = false)
    {
        if (container is { StartupProbe: null, LivenessProbe: null, ReadinessProbe: null })
        {
            return;
        }

        var target = new ProbedContainer(pod, container, wasReady)
        {
            ContainerId = containerId,
            Address = address,
            StartedAt = startedAt,
        };
        lock (_lock)
        {
            if (!_containers.TryAdd(containerId, target))
            {
                target.Dispose();
                return;
            }

            if (pod.Metadata.IsBeingDeleted)
            {
                CloseLiveness(target);
            }

            Schedule(target);
        }
    }

    /// <inheritdoc/>
    public void Stop(string containerId)
    {
        ProbedContainer? target;
        lock (_lock)
        {
            _containers.Remove(containerId, out target);
        }

        target?.Dispose();
    }

    /// <inheritdoc/>
    public void StopLiveness(string uid)
    {
        lock (_lock)
        {
            foreach (var target in _containers.Values.Where(target => target.Pod.Uid == uid))
            {
                var wasStarted = target.IsStarted;
                CloseLiveness(target);
                if (!wasStarted)
                {
                    Schedule(target);
                }
            }
        }
    }

    /// <inheritdoc/>
    public ProbeResults Results(string containerId)
    {
        lock (_lock)
        {
            return _containers.TryGetValue(containerId, out var target) ? target.Results : new ProbeResults(true, true, null);
        }
    }

    /// <summary>How often the probes of all containers that are probed now came to which result.</summary>
    public IReadOnlyList<ProbeCount> ListCounts()
    {
        lock (_lock)
        {
            return
            [
                .. from target in _containers.Values
                   from probe in target.Probes
                   from count in ((string, long)[])
                   [
                       ("successful", probe.Counts.Successful), ("failed", probe.Counts.Failed), ("unknown", probe.Counts.Unknown),
                   ]
                   where count.Item2 > 0
                   let metadata = target.Pod.Metadata
                   select new ProbeCount(
                       metadata.Namespace,
                       metadata.Name,
                       metadata.Uid,
                       target.Container.Name,
                       probe.Kind.ToString(),
                       count.Item1,
                       count.Item2),
            ];
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _queue.Dispose();
        await _stop.CancelAsync();
        await _working;
        lock (_lock)
        {
            foreach (var target in _containers.Values)
            {
                target.Dispose();
            }

            _containers.Clear();
        }

        _runner.Dispose();
        _stop.Dispose();
    }

    private static void CloseLiveness(ProbedContainer target)
    {
        target.Startup?.Close();
        target.Liveness?.Close();
    }

    private async Task WorkAsync()
    {
        try
        {
            while (true)
            {
                var key = await _queue.TakeAsync(_stop.Token);
                await ProbeAsync(key);
                _queue.Done(key);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The end.
        }
    }

    private async Task ProbeAsync(ProbeKey key)
    {
        if (Find(key) is not var (target, probe))
        {
            return;
        }

        try
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, target.Ended);
            Take(target, probe, await _runner.RunAsync(target, probe.Manifest, end.Token));
        }
        catch (Exception) when (!IsKnown(target))
        {
            // The container ended while it was probed.
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            Take(target, probe, ProbeOutcome.Unknown(e.Message));
        }
    }

    private (ProbedContainer Target, ProbeState Probe)? Find(ProbeKey key)
    {
        lock (_lock)
        {
            return _containers.TryGetValue(key.ContainerId, out var target)
                && target.Find(key.Kind) is { } probe
                && target.IsDue(probe)
                    ? (target, probe)
                    : null;
        }
    }

    private bool IsKnown(ProbedContainer target)
    {
        lock (_lock)
        {
            return _containers.GetValueOrDefault(target.ContainerId) == target;
        }
    }

    private void Take(ProbedContainer target, ProbeState probe, ProbeOutcome outcome)
    {
        bool hasChanged;
        lock (_lock)
        {
            if (_containers.GetValueOrDefault(target.ContainerId) != target || !target.IsDue(probe))
            {
                return;
            }

            hasChanged = probe.Take(outcome.Verdict);
            if (hasChanged && probe.Kind == ProbeKind.Startup)
            {
                Schedule(target);
            }
            else
            {
                ScheduleNext(target, probe);
            }
        }

        Tell(target, probe.Kind, outcome);
        if (hasChanged)
        {
            Changed?.Invoke(target.Pod.Uid);
        }
    }

    private void Tell(ProbedContainer target, ProbeKind kind, ProbeOutcome outcome)
    {
        var (reason, message) = outcome.Verdict switch
        {
            ProbeVerdict.Warning => ("ProbeWarning", $"{kind} probe warning: {outcome.Output}"),
            ProbeVerdict.Failure => ("Unhealthy", $"{kind} probe failed: {outcome.Output}"),
            ProbeVerdict.Unknown => ("Unhealthy", $"{kind} probe errored and resulted in unknown state: {outcome.Output}"),
            _ => ("", ""),
        };
        if (reason.Length > 0)
        {
            _warn(target.Pod, target.Container, reason, message);
        }
    }

    /// <summary>
    /// Has each probe done that is due, first as soon as its delay allows. Those of containers that ran before this kubelet did are spread
    /// over their period.
    /// </summary>
    private void Schedule(ProbedContainer target)
    {
        var now = _clock.GetUtcNow();
        foreach (var probe in target.Probes.Where(target.IsDue))
        {
            var first = target.StartedAt + TimeSpan.FromSeconds(probe.Manifest.InitialDelaySeconds);
            var key = new ProbeKey(target.ContainerId, probe.Kind);
            var spread = target.StartedAt < _madeAt && now - _madeAt < probe.Period ? probe.Period * key.Fraction : TimeSpan.Zero;
            probe.NextAt = first > now ? first : now + spread;
            _queue.AddAfter(key, probe.NextAt - now);
        }
    }

    private void ScheduleNext(ProbedContainer target, ProbeState probe)
    {
        if (!target.IsDue(probe))
        {
            return;
        }

        // Times that have passed while it was done are left out.
        var now = _clock.GetUtcNow();
        var late = now - probe.NextAt;
        probe.NextAt += late < probe.Period ? probe.Period : probe.Period * (Math.Floor(late / probe.Period) + 1);
        _queue.AddAfter(new ProbeKey(target.ContainerId, probe.Kind), probe.NextAt - now);
    }

    /// <summary>A probe of a container.</summary>
    private readonly record struct ProbeKey(string ContainerId, ProbeKind Kind)
    {
        /// <summary>A number from 0 to 1 that is another for each.</summary>
        public double Fraction => (uint)GetHashCode() / (uint.MaxValue + 1.0);
    }
}
