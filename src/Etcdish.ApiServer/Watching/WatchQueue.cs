using System.Threading.Channels;

namespace Etcdish.ApiServer.Watching;

/// <summary>
/// The events that wait for one watcher. Bounded: a watcher that does not keep up is closed, and its client begins anew where it stands.
/// </summary>
internal sealed class WatchQueue(bool wantsBookmarks)
{
    private const int Capacity = 4096;

    private readonly Channel<ResourceEvent> _events = Channel.CreateBounded<ResourceEvent>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, SingleWriter = true });

    public bool WantsBookmarks { get; } = wantsBookmarks;

    /// <summary>The events; ends when the watcher was too slow, or with the error that ended the resource's watch.</summary>
    public ChannelReader<ResourceEvent> Reader => _events.Reader;

    /// <summary>Events that were there when the watcher joined: they come before those of the reader.</summary>
    public IReadOnlyList<ResourceEvent> Backlog { get; set; } = [];

    /// <summary>Adds an event; false if the watcher is closed now.</summary>
    public bool TryAdd(ResourceEvent item)
    {
        if (_events.Writer.TryWrite(item))
        {
            return true;
        }

        _events.Writer.TryComplete();
        return false;
    }

    public void Close(Exception? reason) => _events.Writer.TryComplete(reason);
}
