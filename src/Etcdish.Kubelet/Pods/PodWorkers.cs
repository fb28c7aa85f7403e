using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Pods;

/// <summary>
/// Brings the pods of this node to what is wanted of them. Each look at a pod is quick: it sees, decides (<see cref="PodPlan"/>), begins what
/// takes time as operations beside it, and says how the pod is. What an operation has done is seen by a new list of the runtime before
/// anything else is decided about the pod.
/// </summary>
internal sealed class PodWorkers : IPodDirectory, IDisposable
{
    private const int Lookers = 4;
    private const int Writers = 4;

    private readonly PodWorkersParts _parts;
    private readonly ConcurrentDictionary<string, PodRecord> _records = [];
    private readonly ConcurrentDictionary<Task, bool> _operating = [];
    private readonly RuntimeObserver _observer;
    private readonly KeyedWorkers _lookers;
    private readonly KeyedWorkers _writers;
    private readonly PodSeer _seer;
    private readonly PodOperations _operations;
    private readonly PodRemains _remains;
    private readonly PodAdmission _admission;
    private readonly StaticPodSource _static;
    private readonly CancellationTokenSource _stop = new();
    private volatile bool _knowsAll;
    private volatile bool _hasFoundOrphans;

    public PodWorkers(PodWorkersParts parts)
    {
        _parts = parts;
        _observer = new RuntimeObserver(parts.Runtime, parts.Clock, parts.Warn);
        _lookers = new KeyedWorkers("pod", LookAsync, parts.Clock, parts.Warn);
        _seer = new PodSeer(parts, _observer);
        _operations = new PodOperations(parts);
        _remains = new PodRemains(parts);
        _admission = new PodAdmission(parts);
        var status = new PodStatusSync(parts.Api, uid => _records.GetValueOrDefault(uid), TargetOf, _lookers.Add);
        _writers = new KeyedWorkers("status of pod", status.WriteAsync, parts.Clock, parts.Warn);
        _static = new StaticPodSource(parts, (before, now) => OnChange(before, now, isStatic: true));
        _static.Mirrored += OnMirrored;
        _observer.Changed += _lookers.Add;
        parts.Probes.Changed += _lookers.Add;
        parts.Pods.Subscribe(OnPod);
    }

    /// <summary>Whether nothing waits to be looked at or written.</summary>
    public bool IsIdle => _hasFoundOrphans && _lookers.IsIdle && _writers.IsIdle && _static.IsIdle;

    /// <summary>How many operations there are.</summary>
    public int Operating => _operating.Count;

    /// <summary>Completes when all that the runtime has now was seen.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => _observer.RefreshAsync(cancellation);

    /// <summary>Works until it is cancelled. Containers run on.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await using var _ = cancellation.Register(_stop.Cancel);
        _static.Scan();
        await Task.WhenAll(
            _static.RunAsync(_stop.Token),
            _observer.RunAsync(_stop.Token),
            _lookers.RunAsync(Lookers, _stop.Token),
            _writers.RunAsync(Writers, _stop.Token),
            FindOrphansAsync(_stop.Token));
        await Task.WhenAll(_operating.Keys);
    }

    /// <inheritdoc/>
    public IReadOnlyList<PodManifest> List() => [.. _records.Values.Where(record => !record.IsOrphan).Select(record => record.Pod)];

    /// <inheritdoc/>
    public PodManifest? Find(string ns, string name) => _records.Values
        .Where(record => !record.IsOrphan && record.Pod.Metadata.Namespace == ns && record.Pod.Metadata.Name == name)
        .OrderBy(record => record.IsVanished)
        .FirstOrDefault()?.Pod;

    /// <inheritdoc/>
    public JsonObject? Status(string uid)
    {
        if (!_records.TryGetValue(uid, out var record))
        {
            return null;
        }

        lock (record.Lock)
        {
            return record.Status ?? record.Pod.Status;
        }
    }

    /// <inheritdoc/>
    public async Task EvictAsync(string uid, string reason, string message, TimeSpan? grace, CancellationToken cancellation)
    {
        if (!_records.TryGetValue(uid, out var record))
        {
            return;
        }

        lock (record.Lock)
        {
            var until = _parts.Clock.GetUtcNow() + (grace ?? record.Pod.Grace());
            record.Ending ??= new PodEnding(EndingCause.Failed, until, reason, message) { IsDisruption = true };
        }

        _parts.Events.Tell(record.Pod, true, reason, message);
        _lookers.Add(uid);
        await record.HasEnded.Task.WaitAsync(cancellation);
    }

    /// <summary>Completes when the API has the last status of every pod that has ended.</summary>
    public Task TellEndsAsync(CancellationToken cancellation) => Task
        .WhenAll(_records.Values.Where(record => record.HasEnded.Task.IsCompleted && !record.IsOrphan).Select(record => record.IsToldOf.Task))
        .WaitAsync(cancellation);

    /// <summary>Hears of a change of a pod in the API.</summary>
    public void OnPod(PodManifest? before, PodManifest? now)
    {
        if ((now ?? before)!.Metadata.Annotations.ContainsKey(StaticPods.MirrorAnnotation))
        {
            _static.OnMirror(before, now);
        }
        else
        {
            OnChange(before, now, isStatic: false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lookers.Dispose();
        _writers.Dispose();
        _static.Dispose();
        _stop.Dispose();
    }

    private PodManifest? TargetOf(PodRecord record) =>
        record.IsOrphan || record.IsVanished ? null : record.IsStatic ? _static.MirrorOf(record.Pod) : record.Pod;

    private void OnChange(PodManifest? before, PodManifest? now, bool isStatic)
    {
        if (now is not null)
        {
            var record = _records.GetOrAdd(now.Uid, _ => new PodRecord(now) { IsStatic = isStatic });
            lock (record.Lock)
            {
                record.Pod = now;
                record.IsOrphan = false;
            }
        }
        else if (_records.TryGetValue(before!.Uid, out var record))
        {
            lock (record.Lock)
            {
                record.Pod = before;
                record.IsVanished = true;
            }
        }

        _lookers.Add((now ?? before)!.Uid);
    }

    /// <summary>A mirror came or went: what is known of the pod is to be written there.</summary>
    private void OnMirrored(string uid)
    {
        if (_records.TryGetValue(uid, out var record))
        {
            lock (record.Lock)
            {
                record.NoteWritten(0);
            }

            _writers.Add(uid);
        }
    }

    /// <summary>Whether a pod must wait until one of its name is gone: only static pods follow one another so.</summary>
    private bool MustWait(PodRecord record) => record.IsStatic
        && _records.Values.Any(other => other != record && other.IsVanished && other.IsStatic && other.Pod.Key == record.Pod.Key);

    private async Task FindOrphansAsync(CancellationToken cancellation)
    {
        try
        {
            await _parts.Synced.WaitAsync(cancellation);
            await _observer.RefreshAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }

        _knowsAll = true;
        foreach (var uid in _observer.Pods.Union(_parts.Volumes.ListPods()).Union(_parts.Cgroups.ListPods()))
        {
            if (!_records.ContainsKey(uid))
            {
                _records.TryAdd(uid, Orphan(uid));
                _lookers.Add(uid);
            }
        }

        _hasFoundOrphans = true;
    }

    private PodRecord Orphan(string uid) => new(_seer.Guess(uid)) { IsOrphan = true, IsVanished = true };

    private async Task LookAsync(string uid, CancellationToken cancellation)
    {
        if (!_records.TryGetValue(uid, out var record))
        {
            if (!_knowsAll || _observer.Find(uid) == PodSight.Nothing)
            {
                return;
            }

            record = _records.GetOrAdd(uid, Orphan);
        }

        if (MustWait(record))
        {
            return;
        }

        var view = await _seer.SeeAsync(record, cancellation);
        lock (record.Lock)
        {
            _admission.Check(record, view, _records.Values);
            PodEndings.Update(record, _parts.Clock.GetUtcNow());
            view = view with
            {
                Ending = record.Ending,
                IsToVanish = record.IsVanished || record.Pod.Metadata.IsBeingDeleted,
                IsVanished = record.IsVanished,
                ResizeHindrance = _admission.CheckResize(record, _records.Values),
            };

            // Before it is decided by their results: of what is not probed they say only good things.
            _seer.Probe(record, view, _operations.AddressesOf(view).FirstOrDefault(""));
        }

        var decision = PodPlan.Next(view);
        Follow(record, view, decision);
    }

    private void Follow(PodRecord record, PodView view, PodDecision decision)
    {
        lock (record.Lock)
        {
            record.Stage = decision.Stage;
            record.Ending ??= decision.Ending is { Cause: EndingCause.Failed } failed ? failed : null;
            if (decision.Stage >= PodStage.Stopping)
            {
                BreakStarts(record);
            }

            if (decision.Ending is not null)
            {
                _parts.Probes.StopLiveness(record.Uid);
            }

            SetStatus(record, view, decision);
            TellBackOffs(record, view, decision);
        }

        foreach (var action in decision.Actions)
        {
            Begin(record, view, action);
        }

        if (decision.WakeAt is { } at)
        {
            _lookers.AddAfter(record.Uid, at - _parts.Clock.GetUtcNow());
        }

        if (decision.Stage >= PodStage.Releasing)
        {
            record.HasEnded.TrySetResult();
        }

        if (decision.Stage == PodStage.Gone)
        {
            Forget(record);
        }
    }

    private static void BreakStarts(PodRecord record)
    {
        foreach (var operation in record.Running.Values)
        {
            if (operation.Action.IsForStart)
            {
                operation.Break();
            }
        }
    }

    private void SetStatus(PodRecord record, PodView view, PodDecision decision)
    {
        // The last word of one that vanishes stands, also when its containers are removed, one by one.
        if (record.IsOrphan || (record.IsStatusFinal && view.IsToVanish))
        {
            return;
        }

        var surroundings = new StatusSurroundings(_parts.RuntimeName, _parts.Addresses(), _parts.Runtime.SharesHostNetwork);
        record.SetStatus(PodStatusBuilder.Build(view, decision, surroundings), decision.Stage >= PodStage.Releasing);
        if (record.WrittenVersion != record.StatusVersion)
        {
            _writers.Add(record.Uid);
        }
    }

    private void TellBackOffs(PodRecord record, PodView view, PodDecision decision)
    {
        foreach (var (name, wait) in decision.Waits)
        {
            var tries = view.Containers.FirstOrDefault(container => container.Name == name)?.Attempt ?? -1;
            if (wait.Reason == "CrashLoopBackOff" && record.ToldBackOffs.GetValueOrDefault(name, -1) != tries)
            {
                record.ToldBackOffs[name] = tries;
                var container = ContainerHistory.All(view).First(history => history.Manifest.Name == name).Manifest;
                _parts.Events.Tell(
                    view.Pod, true, "BackOff", $"Back-off restarting failed container {name} in pod {view.Pod.Describe()}", container);
            }
        }
    }

    private void Begin(PodRecord record, PodView view, PodAction action)
    {
        PodOperation operation;
        var isRepeated = false;
        lock (record.Lock)
        {
            if (record.Running.TryGetValue(action.Key, out var running))
            {
                if (action is not KillContainer sooner || sooner.Until >= ((KillContainer)running.Action).Until)
                {
                    return;
                }

                isRepeated = true;
                running.Break();
            }

            operation = new PodOperation(action, _stop.Token);
            record.Running[action.Key] = operation;
            if (action is StartContainer { Made: null, After: { Phase: ContainerPhase.Exited } ended })
            {
                CrashBackOff? known = record.BackOffs.TryGetValue(ended.Name, out var backOff) ? backOff : null;
                record.BackOffs[ended.Name] = CrashBackOff.Next(known, ended.FinishedAt ?? ended.CreatedAt, view.Now);
            }
        }

        var task = Task.Run(() => OperateAsync(record, view, operation, isRepeated), CancellationToken.None);
        _operating[task] = true;
        task.ContinueWith(
            done => _operating.TryRemove(done, out _),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async Task OperateAsync(PodRecord record, PodView view, PodOperation operation, bool isRepeated)
    {
        var effect = await _operations.DoAsync(record, view, operation.Action, isRepeated, operation.Stopped);
        var isSeen = await SeeEffectsAsync();
        lock (record.Lock)
        {
            operation.Dispose();
            if (!isSeen)
            {
                return;
            }

            effect();
            if (record.Running.GetValueOrDefault(operation.Action.Key) == operation)
            {
                record.Running.Remove(operation.Action.Key);
            }
        }

        _lookers.Add(record.Uid);
    }

    /// <summary>Lists the runtime anew. False: the end of this kubelet came first.</summary>
    private async Task<bool> SeeEffectsAsync()
    {
        try
        {
            await _observer.RefreshAsync(_stop.Token);
            return true;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Forget(PodRecord record)
    {
        _remains.RemoveFiles(record.Pod, record.ContainerDetails.Values);
        _records.TryRemove(record.Uid, out _);
        foreach (var (uid, other) in _records)
        {
            if (other.IsStatic && other.Pod.Key == record.Pod.Key)
            {
                _lookers.Add(uid);
            }
        }
    }
}
