using Etcdish.Cluster;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>A watch inside the server: the changes of a key or range, one after the other.</summary>
internal sealed class KeyWatcher : IDisposable
{
    private readonly Wakeup _ready = new();
    private readonly WatchStream _stream;
    private readonly WatchBatch _batch = new();
    private readonly Queue<EncodedEvent> _changes = new();

    /// <summary>Watches from a revision on.</summary>
    public KeyWatcher(Node node, byte[] key, byte[] rangeEnd, long startRevision)
    {
        _stream = node.Watches.OpenStream(_ready.Set);
        _stream.Create(new WatchCreateRequest { Key = key, RangeEnd = rangeEnd, StartRevision = startRevision });
    }

    /// <summary>Waits for the next change, without its value.</summary>
    public async ValueTask<KeyRevision> NextAsync(CancellationToken cancellation) =>
        (await NextEventAsync(cancellation).ConfigureAwait(false)).Change;

    /// <summary>Waits for the next change.</summary>
    /// <exception cref="EtcdException">The revision is compacted.</exception>
    public async ValueTask<EncodedEvent> NextEventAsync(CancellationToken cancellation)
    {
        using CancellationTokenRegistration wake = cancellation.UnsafeRegister(static ready => ((Wakeup)ready!).Set(), _ready);
        while (_changes.Count == 0)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!_stream.TryTake(_batch))
            {
                await _ready.WaitAsync().ConfigureAwait(false);
                continue;
            }

            if (_batch.Canceled)
            {
                throw new EtcdException(EtcdError.Compacted);
            }

            foreach (EncodedEvent change in _batch.Events)
            {
                _changes.Enqueue(change);
            }
        }

        return _changes.Dequeue();
    }

    public void Dispose() => _stream.Dispose();
}
