using System.Threading.Channels;

namespace Etcdish.ApiServer.Watching;

/// <summary>
/// The events that wait for one watcher, in batches that all watchers share. Bounded: a watcher that does not keep up is closed, and its
/// client begins anew where it stands.
/// </summary>
internal sealed class WatchQueue(bool wantsBookmarks, int capacity)
{
    private readonly Channel<IReadOnlyList<ResourceEvent>> _batches = Channel.CreateUnbounded<IReadOnlyList<ResourceEvent>>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private int _waiting;

    public bool WantsBookmarks { get; } = wantsBookmarks;

    /// <summary>Events that were there when the watcher joined: they come before all others.</summary>
    public IReadOnlyList<ResourceEvent> Backlog { get; set; } = [];

    /// <summary>What the watcher has seen already: one that caught up by itself may be ahead of the watch that it joins.</summary>
    public long After { get; set; }

    /// <summary>Adds the events that the watcher has not seen; false if it is closed now. A batch always fits when nothing waits.</summary>
    public bool TryAdd(IReadOnlyList<ResourceEvent> batch)
    {
        if (batch.Count == 0 || batch[^1].Revision <= After)
        {
            return true;
        }

        if (batch[0].Revision <= After)
        {
            batch = [.. batch.Where(item => item.Revision > After)];
        }

        var waiting = Interlocked.Add(ref _waiting, batch.Count);
        if (waiting > capacity && waiting > batch.Count)
        {
            _batches.Writer.TryComplete();
            return false;
        }

        return _batches.Writer.TryWrite(batch);
    }

    public void Close(Exception? reason) => _batches.Writer.TryComplete(reason);

    /// <summary>Waits for events; false when the watcher was too slow, or with the error that ended the resource's watch.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellation) => _batches.Reader.WaitToReadAsync(cancellation);

    public bool TryTake(out IReadOnlyList<ResourceEvent> batch)
    {
        if (_batches.Reader.TryRead(out var read))
        {
            Interlocked.Add(ref _waiting, -read.Count);
            batch = read;
            return true;
        }

        batch = [];
        return false;
    }
}
