using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace Etcdish.Streaming.Spdy;

/// <summary>Reads the frames of a connection, one after the other, and does what they say.</summary>
internal sealed class SpdyReceiver : IDisposable
{
    private const int BufferBytes = 16 * 1024;
    private const uint StreamMask = 0x7FFF_FFFF;

    private readonly SpdyConnection _connection;
    private readonly StreamingLimits _limits;
    private readonly PipeReader _input;
    private readonly HeaderInflater _inflater = new();
    private readonly byte[] _headers;
    private int _unreported;

    public SpdyReceiver(SpdyConnection connection, Stream transport, StreamingLimits limits)
    {
        _connection = connection;
        _limits = limits;
        _input = PipeReader.Create(transport, new StreamPipeReaderOptions(bufferSize: BufferBytes, leaveOpen: true));
        _headers = new byte[limits.MaxHeaderBytes];
    }

    /// <summary>Runs until the transport's end.</summary>
    /// <exception cref="StreamingProtocolException">The peer broke a rule that concerns the whole connection.</exception>
    /// <exception cref="IOException">The transport ended in the middle of a frame, or failed.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (await ReadHeaderAsync(cancellation) is { } header)
        {
            if (header.Type == SpdyFrameType.Data)
            {
                await ReceiveDataAsync(header, cancellation);
            }
            else if (header.Length > _limits.MaxControlFrameBytes)
            {
                throw new StreamingProtocolException($"a frame of {header.Length} bytes, where {_limits.MaxControlFrameBytes} are the most");
            }
            else
            {
                await ReceiveControlAsync(header, cancellation);
            }
        }
    }

    public void Dispose()
    {
        _input.Complete();
        _inflater.Dispose();
    }

    private async ValueTask<SpdyFrameHeader?> ReadHeaderAsync(CancellationToken cancellation)
    {
        var result = await _input.ReadAtLeastAsync(SpdyFrameHeader.Size, cancellation);
        if (result.Buffer.IsEmpty)
        {
            return null;
        }

        var bytes = Take(result.Buffer, SpdyFrameHeader.Size);
        var header = SpdyFrameHeader.Read(bytes.IsSingleSegment ? bytes.FirstSpan : bytes.ToArray());
        _input.AdvanceTo(bytes.End);
        return header;
    }

    private async ValueTask ReceiveDataAsync(SpdyFrameHeader header, CancellationToken cancellation)
    {
        // What comes for a stream that is not open, or not any more, is thrown away: it may have been on its way when the stream ended.
        var stream = _connection.Find(header.StreamId) is { IsReceiving: true } open ? open : null;
        for (var left = header.Length; left > 0;)
        {
            var result = await _input.ReadAsync(cancellation);
            var part = Take(result.Buffer, (int)Math.Min(left, Math.Max(1, result.Buffer.Length)));
            foreach (var segment in part)
            {
                if (stream is not null)
                {
                    await stream.ReceiveAsync(segment, cancellation);
                }
            }

            left -= (int)part.Length;
            ReportWindow((int)part.Length);
            _input.AdvanceTo(part.End);
        }

        if (stream is not null && header.Flags.HasFlag(SpdyFlags.Fin))
        {
            End(stream);
        }
    }

    // The window of the whole connection has number 0. Streams report their own when they are read.
    private void ReportWindow(int count)
    {
        _unreported += count;
        if (_unreported >= SpdyOutput.MaxDataBytes && _connection.Output.Offer(SpdyFrames.WindowUpdate(0, _unreported)))
        {
            _unreported = 0;
        }
    }

    private async ValueTask ReceiveControlAsync(SpdyFrameHeader header, CancellationToken cancellation)
    {
        var result = await _input.ReadAtLeastAsync(header.Length, cancellation);
        var payload = Take(result.Buffer, header.Length);
        Handle(header, payload.IsSingleSegment ? payload.FirstSpan : payload.ToArray());
        _input.AdvanceTo(payload.End);
    }

    private void Handle(SpdyFrameHeader header, ReadOnlySpan<byte> payload)
    {
        switch (header.Type)
        {
            case SpdyFrameType.SynStream:
                HandleSynStream(header.Flags, payload);
                break;
            case SpdyFrameType.SynReply or SpdyFrameType.Headers:
                HandleHeaders(header.Flags, payload);
                break;
            case SpdyFrameType.RstStream:
                HandleReset(ReadNumber(payload) & StreamMask);
                break;
            case SpdyFrameType.Ping:
                _connection.HandlePing(ReadNumber(payload));
                break;
            case SpdyFrameType.GoAway:
                _connection.HandleGoAway();
                break;
            default:
                // SETTINGS and WINDOW_UPDATE speak of windows that nobody waits for, and frames that are not known must be ignored
                // (section 2.2.1).
                break;
        }
    }

    private void HandleSynStream(SpdyFlags flags, ReadOnlySpan<byte> payload)
    {
        // Number, associated stream, priority and slot.
        const int BlockOffset = 10;
        var id = ReadNumber(payload) & StreamMask;
        if (payload.Length < BlockOffset)
        {
            throw new StreamingProtocolException("a SYN_STREAM frame is cut short");
        }

        var headers = ReadHeaders(payload[BlockOffset..]);
        if (!_connection.TryAdd(id, headers, flags.HasFlag(SpdyFlags.Fin)))
        {
            _connection.Output.Enqueue(SpdyFrames.RstStream(id, SpdyResetCode.RefusedStream));
        }
    }

    // The headers of a reply say nothing in any protocol that is spoken here, but must be inflated: the next ones build on them.
    private void HandleHeaders(SpdyFlags flags, ReadOnlySpan<byte> payload)
    {
        var id = ReadNumber(payload) & StreamMask;
        ReadHeaders(payload[sizeof(uint)..]);
        if (flags.HasFlag(SpdyFlags.Fin) && _connection.Find(id) is { } stream)
        {
            End(stream);
        }
    }

    private void HandleReset(uint id)
    {
        if (_connection.Find(id) is { } stream)
        {
            _connection.Forget(stream);
            stream.OnLost(new IOException("the peer reset the stream"));
        }
    }

    private void End(SpdyStream stream)
    {
        if (stream.OnFin())
        {
            _connection.Forget(stream);
        }
    }

    private IReadOnlyDictionary<string, string> ReadHeaders(ReadOnlySpan<byte> block) =>
        SpdyHeaders.Read(_headers.AsSpan(0, _inflater.Inflate(block, _headers)));

    private static uint ReadNumber(ReadOnlySpan<byte> payload) =>
        BinaryPrimitives.TryReadUInt32BigEndian(payload, out var number)
            ? number
            : throw new StreamingProtocolException("a frame is cut short");

    private static ReadOnlySequence<byte> Take(ReadOnlySequence<byte> buffer, int count) =>
        buffer.Length >= count ? buffer.Slice(0, count) : throw new EndOfStreamException("the connection ended in the middle of a frame");
}
