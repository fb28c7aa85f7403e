using System.Buffers;
using System.Buffers.Binary;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// Takes the bytes of a connection apart into frames and checks each by the rules of RFC 9113, section 6, before it has any effect. A rule
/// about one stream resets it, a rule about the connection throws <see cref="Http2ConnectionException"/>. Belongs to the read loop.
/// </summary>
internal sealed class FrameDispatcher(Http2Connection connection, HeaderReceiver headers, FloodGuard floods)
{
    private const int ResetBytes = 4;
    private const int PingBytes = 8;
    private const int PriorityBytes = 5;
    private const int MinGoAwayBytes = 8;

    private bool _hasSettings;

    /// <summary>Whether the client's first SETTINGS have come.</summary>
    public bool HasSettings => Volatile.Read(ref _hasSettings);

    /// <summary>Handles all whole frames.</summary>
    /// <param name="buffer">What has arrived.</param>
    /// <returns>Up to where it was used.</returns>
    public SequencePosition Dispatch(ReadOnlySequence<byte> buffer)
    {
        while (true)
        {
            int used = DispatchContiguous(buffer.FirstSpan);
            buffer = buffer.Slice(used);

            // When the first segment was used up to its end, the rest may be a single one too, which has not been looked at.
            bool goesOn = buffer.IsSingleSegment ? used > 0 : TryDispatchStraddling(ref buffer);
            if (!goesOn)
            {
                return buffer.Start;
            }
        }
    }

    private int DispatchContiguous(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (bytes.Length - at >= FrameHeader.Size)
        {
            FrameHeader header = ReadHeader(bytes[at..]);
            int end = at + FrameHeader.Size + header.Length;
            if (end > bytes.Length)
            {
                break;
            }

            Dispatch(header, bytes[(at + FrameHeader.Size)..end]);
            at = end;
        }

        return at;
    }

    /// <summary>Handles one frame that lies in more than one segment; false when it is not whole.</summary>
    private bool TryDispatchStraddling(ref ReadOnlySequence<byte> buffer)
    {
        if (buffer.Length < FrameHeader.Size)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[FrameHeader.Size];
        buffer.Slice(0, FrameHeader.Size).CopyTo(start);
        FrameHeader header = ReadHeader(start);
        if (buffer.Length < FrameHeader.Size + header.Length)
        {
            return false;
        }

        byte[] copy = ArrayPool<byte>.Shared.Rent(header.Length);
        try
        {
            buffer.Slice(FrameHeader.Size, header.Length).CopyTo(copy);
            Dispatch(header, copy.AsSpan(0, header.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }

        buffer = buffer.Slice(FrameHeader.Size + header.Length);
        return true;
    }

    // A length over the limit is refused before the first byte of the payload is waited for.
    private static FrameHeader ReadHeader(ReadOnlySpan<byte> bytes)
    {
        FrameHeader header = FrameHeader.Read(bytes);
        return header.Length <= FrameHeader.MaxPayload
            ? header
            : throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"a frame of {header.Length} bytes");
    }

    private void Dispatch(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (!_hasSettings && (header.Kind != FrameKind.Settings || header.Has(FrameFlags.Ack)))
        {
            throw Protocol("the first frame must be SETTINGS");
        }

        if (headers.OpenStreamId != 0 && (header.Kind != FrameKind.Continuation || header.StreamId != headers.OpenStreamId))
        {
            throw Protocol("a header block must not be interrupted");
        }

        switch (header.Kind)
        {
            case FrameKind.Data:
                OnData(header, payload);
                break;
            case FrameKind.Headers:
                OnHeaders(header, payload);
                break;
            case FrameKind.Continuation:
                OnContinuation(header, payload);
                break;
            case FrameKind.WindowUpdate:
                OnWindowUpdate(header, payload);
                break;
            case FrameKind.RstStream:
                OnReset(header, payload);
                break;
            case FrameKind.Settings:
                OnSettings(header, payload);
                break;
            case FrameKind.Ping:
                OnPing(header, payload);
                break;
            case FrameKind.GoAway:
                OnGoAway(header, payload);
                break;
            case FrameKind.Priority:
                OnPriority(header, payload);
                break;
            case FrameKind.PushPromise:
                throw Protocol("a client must not push");
            default:
                floods.OnControlFrame();
                break;
        }
    }

    private void OnData(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        CheckIsOfStream(header);
        if (!connection.TryTakeWindow(payload.Length))
        {
            throw new Http2ConnectionException(Http2ErrorCode.FlowControlError, "more data than the connection's window");
        }

        ReadOnlySpan<byte> data = RemovePadding(header, payload);
        bool isEnd = header.Has(FrameFlags.EndStream);
        if (data.Length == 0 && !isEnd)
        {
            floods.OnControlFrame();
        }

        if (!connection.TryFindForFrame(header.StreamId, out Http2Stream? stream))
        {
            floods.OnControlFrame();
            connection.GiveBack(payload.Length);
        }
        else if (stream.IsRemoteClosed)
        {
            connection.GiveBack(payload.Length);
            stream.Reset(Http2ErrorCode.StreamClosed);
        }
        else
        {
            stream.Receive(data, payload.Length, isEnd);
        }
    }

    private void OnHeaders(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        CheckIsOfStream(header);
        if (header.StreamId % 2 == 0)
        {
            throw Protocol("a client's streams have odd numbers");
        }

        ReadOnlySpan<byte> fragment = RemovePadding(header, payload);
        bool dependsOnItself = false;
        if (header.Has(FrameFlags.Priority))
        {
            if (fragment.Length < PriorityBytes)
            {
                throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, "HEADERS are too short for their priority");
            }

            dependsOnItself = DependencyOf(fragment) == header.StreamId;
            fragment = fragment[PriorityBytes..];
        }

        headers.Begin(header, fragment, dependsOnItself);
    }

    private void OnContinuation(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (headers.OpenStreamId == 0)
        {
            throw Protocol("CONTINUATION without HEADERS");
        }

        headers.Continue(header, payload);
    }

    private void OnWindowUpdate(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        CheckLength(payload.Length == ResetBytes, header);
        int increment = BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue;
        if (header.StreamId == 0)
        {
            if (increment == 0)
            {
                throw Protocol("a WINDOW_UPDATE of nothing");
            }

            connection.Windows.Add(increment);
        }
        else if (connection.TryFindForFrame(header.StreamId, out Http2Stream? stream, mayBeEnded: true))
        {
            connection.Windows.Add(stream, increment);
        }
        else
        {
            floods.OnControlFrame();
        }
    }

    private void OnReset(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        CheckIsOfStream(header);
        CheckLength(payload.Length == ResetBytes, header);
        if (!connection.TryFindForFrame(header.StreamId, out Http2Stream? stream, mayBeEnded: true))
        {
            floods.OnControlFrame();
            return;
        }

        if (!stream.HasResponseStarted)
        {
            floods.OnEarlyReset();
        }

        stream.Abort();
    }

    private void OnSettings(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        CheckIsOfConnection(header);
        floods.OnControlFrame();
        if (header.Has(FrameFlags.Ack))
        {
            CheckLength(payload.Length == 0, header);
            return;
        }

        connection.Windows.Apply(payload);
        Volatile.Write(ref _hasSettings, true);
    }

    private void OnPing(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        CheckIsOfConnection(header);
        CheckLength(payload.Length == PingBytes, header);
        floods.OnControlFrame();
        if (header.Has(FrameFlags.Ack))
        {
            connection.Life.OnPingAnswered(payload);
        }
        else
        {
            connection.Output.WritePing(FrameFlags.Ack, payload);
        }
    }

    private void OnGoAway(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        CheckIsOfConnection(header);
        CheckLength(payload.Length >= MinGoAwayBytes, header);
        floods.OnControlFrame();
        connection.Life.BeginShutdown();
    }

    // Priorities are obsolete (RFC 9113, section 5.3.2) and have no effect, but for their length.
    private void OnPriority(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        CheckIsOfStream(header);
        CheckLength(payload.Length == PriorityBytes, header);
        floods.OnControlFrame();
    }

    private static ReadOnlySpan<byte> RemovePadding(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (!header.Has(FrameFlags.Padded))
        {
            return payload;
        }

        CheckLength(payload.Length > 0, header);
        int padding = payload[0];
        return padding < payload.Length ? payload[1..^padding] : throw Protocol("more padding than payload");
    }

    private static int DependencyOf(ReadOnlySpan<byte> priority) => BinaryPrimitives.ReadInt32BigEndian(priority) & int.MaxValue;

    private static void CheckIsOfStream(in FrameHeader header)
    {
        if (header.StreamId == 0)
        {
            throw Protocol($"{header.Kind} without a stream");
        }
    }

    private static void CheckIsOfConnection(in FrameHeader header)
    {
        if (header.StreamId != 0)
        {
            throw Protocol($"{header.Kind} on a stream");
        }
    }

    private static void CheckLength(bool isRight, in FrameHeader header)
    {
        if (!isRight)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, $"{header.Kind} of {header.Length} bytes");
        }
    }

    private static Http2ConnectionException Protocol(string message) => new(Http2ErrorCode.ProtocolError, message);
}
