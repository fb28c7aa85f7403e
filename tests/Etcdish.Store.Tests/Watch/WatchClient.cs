using System.Buffers;
using Pb = Etcdish.Protos;

namespace Etcdish.Store.Tests.Watch;

/// <summary>
/// The far end of a stream: takes responses through their wire form and checks on each what can be checked at once; what it got is kept
/// per watcher for <see cref="WatchValidator"/>.
/// </summary>
internal sealed class WatchClient : IDisposable
{
    private static readonly WatchHeader _header = new(0xC0FFEE, 77, 3);
    private readonly WatchBatch _batch = new();
    private int _ready;

    public WatchClient(WatchHub hub, Action? onReady = null)
    {
        Stream = hub.OpenStream(() =>
        {
            Interlocked.Increment(ref _ready);
            onReady?.Invoke();
        });
    }

    public WatchStream Stream { get; }

    /// <summary>How often the hub said that there is something to take.</summary>
    public int ReadyCalls => Volatile.Read(ref _ready);

    public WatchBatch Batch => _batch;

    public List<Pb.WatchResponse> Taken { get; } = [];

    public Pb.WatchResponse? Take()
    {
        if (!Stream.TryTake(_batch))
            return null;

        ArrayBufferWriter<byte> writer = new();
        _batch.Write(writer, _header);
        Assert.That(_batch.Size(_header), Is.EqualTo(writer.WrittenCount), "Size and Write disagree");
        Pb.WatchResponse response = Pb.WatchResponse.Parser.ParseFrom(writer.WrittenSpan);
        Assert.That(response.Header.ClusterId, Is.EqualTo(0xC0FFEE));
        Assert.That(response.Header.MemberId, Is.EqualTo(77));
        Assert.That(response.Header.RaftTerm, Is.EqualTo(3));
        Taken.Add(response);
        return response;
    }

    /// <summary>Takes until there is nothing.</summary>
    public List<Pb.WatchResponse> Drain()
    {
        List<Pb.WatchResponse> drained = [];
        while (Take() is { } response)
            drained.Add(response);
        return drained;
    }

    public void Dispose() => Stream.Dispose();

    public static WatchCreateRequest Request(string key, string rangeEnd = "", long startRevision = 0) => new()
    {
        Key = System.Text.Encoding.UTF8.GetBytes(key),
        RangeEnd = System.Text.Encoding.UTF8.GetBytes(rangeEnd),
        StartRevision = startRevision,
    };
}
