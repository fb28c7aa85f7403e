using System.Buffers;
using System.Threading.Channels;

namespace Etcdish.Streaming.Spdy;

/// <summary>
/// Everything that a connection sends: one frame at a time, whole. Streams wait here for the transport; the connection's reader never
/// does, its frames go through a short queue.
/// </summary>
internal sealed class SpdyOutput : IDisposable
{
    /// <summary>The largest DATA frame that is sent. What Go's copying sends too.</summary>
    public const int MaxDataBytes = 32 * 1024;

    // A peer that sends what must be answered, and does not read the answers, is cut off here.
    private const int MostQueuedFrames = 256;

    private readonly Stream _transport;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly HeaderDeflater _deflater = new();
    private readonly Channel<byte[]> _queue = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(MostQueuedFrames) { SingleReader = true });

    private readonly CancellationToken _closed;
    private volatile bool _isQueueComplete;
    private bool _isBroken;
    private uint _nextStream;

    /// <param name="transport">Where frames go.</param>
    /// <param name="firstStream">The number of the first stream that this side opens.</param>
    /// <param name="closed">Ends all writing, also in the middle of a frame.</param>
    public SpdyOutput(Stream transport, uint firstStream, CancellationToken closed)
    {
        _transport = transport;
        _nextStream = firstStream;
        _closed = closed;
    }

    /// <summary>
    /// Queues a frame that a peer who does not read can do without. False if it is left out, because too many wait already.
    /// </summary>
    public bool Offer(byte[] frame) => _queue.Reader.Count < MostQueuedFrames / 2 && _queue.Writer.TryWrite(frame);

    /// <summary>Queues a frame that the peer must get.</summary>
    /// <exception cref="StreamingProtocolException">The peer does not read its answers.</exception>
    public void Enqueue(byte[] frame)
    {
        if (!_queue.Writer.TryWrite(frame) && !_isQueueComplete)
        {
            throw new StreamingProtocolException($"the peer left {MostQueuedFrames} answers unread");
        }
    }

    /// <summary>Sends what is queued, until <see cref="CompleteQueue"/> and the queue's end.</summary>
    public async Task RunQueueAsync(CancellationToken cancellation)
    {
        await foreach (var frame in _queue.Reader.ReadAllAsync(cancellation))
        {
            await SendAsync(frame, cancellation);
        }
    }

    public void CompleteQueue()
    {
        _isQueueComplete = true;
        _queue.Writer.TryComplete();
    }

    /// <summary>Sends part of a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="data">At most <see cref="MaxDataBytes"/>.</param>
    /// <param name="flags">Flags of the frame.</param>
    /// <param name="cancellation">Ends the wait for other streams; a frame that has begun is finished.</param>
    public async ValueTask SendDataAsync(uint stream, ReadOnlyMemory<byte> data, SpdyFlags flags, CancellationToken cancellation)
    {
        var frame = ArrayPool<byte>.Shared.Rent(SpdyFrameHeader.Size + data.Length);
        try
        {
            new SpdyFrameHeader(SpdyFrameType.Data, stream, flags, data.Length).Write(frame);
            data.Span.CopyTo(frame.AsSpan(SpdyFrameHeader.Size));
            await SendAsync(frame.AsMemory(0, SpdyFrameHeader.Size + data.Length), cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    /// <summary>Opens a stream; <paramref name="register"/> gets its number before the peer does.</summary>
    public async ValueTask SendSynStreamAsync(
        IReadOnlyDictionary<string, string> headers, SpdyFlags flags, Action<uint> register, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            var stream = _nextStream;
            _nextStream += 2;
            register(stream);
            await WriteAsync(SpdyFrames.SynStream(stream, flags, _deflater.Deflate(SpdyHeaders.Write(headers))));
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Accepts a stream of the peer.</summary>
    public async ValueTask SendSynReplyAsync(uint stream, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            await WriteAsync(SpdyFrames.SynReply(stream, _deflater.Deflate(SpdyHeaders.Write(SpdyHeaders.None))));
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            await WriteAsync(frame);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    // Nothing cancels it but the connection's end: half a frame would spoil all that follow.
    private async ValueTask WriteAsync(ReadOnlyMemory<byte> frame)
    {
        if (_isBroken)
        {
            throw new IOException("the connection is gone");
        }

        _isBroken = true;
        try
        {
            await _transport.WriteAsync(frame, _closed);
            await _transport.FlushAsync(_closed);
        }
        catch (Exception e) when (e is not IOException && SpdyConnection.IsEndOfTransport(e))
        {
            throw new IOException("the connection is gone", e);
        }

        _isBroken = false;
    }
}
