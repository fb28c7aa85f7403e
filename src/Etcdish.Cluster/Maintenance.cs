using System.Collections.Concurrent;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// What a node does in the background, one thing at a time: remove what compaction has hidden, write checkpoints, copy live values out of
/// mostly dead segments, delete segments. One worker, so that a checkpoint never meets a compaction half done.
/// </summary>
internal sealed class Maintenance : IAsyncDisposable
{
    private const int CompactionStepChanges = 2_000;
    private static readonly TimeSpan _idlePause = TimeSpan.FromMilliseconds(250);

    private readonly RevisionStore _store;
    private readonly Checkpointer _checkpointer;
    private readonly SegmentCollector _collector;
    private readonly ConcurrentQueue<TaskCompletionSource> _waiters = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Action<Exception> _onFailure;
    private readonly CollectionPause _startPause;
    private Task? _worker;
    private volatile bool _hasEnded;

    public Maintenance(
        RevisionStore store, Checkpointer checkpointer, SegmentCollector collector, CollectionPause startPause, Action<Exception> onFailure)
    {
        _startPause = startPause;
        _onFailure = onFailure;
        _store = store;
        _checkpointer = checkpointer;
        _collector = collector;
    }

    /// <summary>Whether <see cref="Start"/> was called.</summary>
    public bool WasStarted => _worker is not null;

    public void Start() => _worker = Task.Run(RunAsync);

    /// <summary>Does all that there is to do now, rather than at the next look.</summary>
    /// <returns>Completes when a look that began after this call has ended.</returns>
    /// <exception cref="EtcdException">Stopped, when the worker has ended.</exception>
    public Task RunNowAsync()
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiters.Enqueue(done);
        if (_hasEnded)
        {
            RefuseWaiters();
        }
        else
        {
            _wake.Release();
        }

        return done.Task;
    }

    /// <summary>Stops after the job at hand.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _wake.Release();
        if (_worker is not null)
        {
            await _worker.ConfigureAwait(false);
        }

        _startPause.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await _wake.WaitAsync(_idlePause).ConfigureAwait(false);
            _startPause.Dispose();
            int waiters = _waiters.Count;
            try
            {
                await RunJobsAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (Exception refusal) when (refusal is DiskFullException or EtcdException)
            {
                // The disk is full, or too many writes wait already. Nothing is lost: the old checkpoint and the log still say everything,
                // and a later look tries again.
                _checkpointer.Postpone();
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                break;
            }
#pragma warning disable CA1031 // A failing disk, damage, an impossible state: the node must not go on.
            catch (Exception failure)
            {
                _onFailure(failure);
                break;
            }
#pragma warning restore CA1031

            while (waiters-- > 0 && _waiters.TryDequeue(out TaskCompletionSource? done))
            {
                done.SetResult();
            }
        }

        _hasEnded = true;
        RefuseWaiters();
    }

    private void RefuseWaiters()
    {
        while (_waiters.TryDequeue(out TaskCompletionSource? left))
        {
            left.SetException(new EtcdException(EtcdError.Stopped));
        }
    }

    private async Task RunJobsAsync(CancellationToken cancellation)
    {
        while (_store.CompactStep(CompactionStepChanges))
        {
            cancellation.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        if (_checkpointer.IsPostponed)
        {
            return;
        }

        bool copied = await _collector.RunAsync(_checkpointer.ReplayFrom.Segment, cancellation).ConfigureAwait(false);
        bool isDueInQuiet = _checkpointer.IsDueInQuiet();
        if (copied || isDueInQuiet || _checkpointer.IsDue || _checkpointer.HasSpaceToGiveBack)
        {
            await _checkpointer.RunAsync().ConfigureAwait(false);
        }
    }
}
