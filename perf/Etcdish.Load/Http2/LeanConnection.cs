using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;

namespace Etcdish.Load.Http2;

/// <summary>
/// One HTTP/2 connection in clear text that spends as little as possible on a call: a single loop reads what came, hands it to the
/// <see cref="IExchange"/>, and sends all that the exchange asked for in one write. No task, no allocation and no lock per call.
/// Streams are numbered by slots 0..n−1, which the exchange reuses as it likes.
/// </summary>
internal sealed class LeanConnection : IDisposable
{
    private const int ReceiveBufferSize = 256 * 1024;
    private const int MessagePrefix = 5;
    private const int RenewWindowAt = 1 << 28;

    private readonly Socket _socket;
    private readonly IExchange _exchange;
    private readonly ResponseHeaders _responseHeaders = new();
    private readonly RequestHeaders _headers;
    private readonly StreamTable _streams;
    private readonly OutputBuffer _output = new();
    private readonly Queue<int> _blocked = [];
    private readonly byte[] _input = new byte[ReceiveBufferSize];
    private byte[] _headerBlock = [];
    private int _headerBlockStream;
    private bool _headerBlockEndsStream;
    private int _unread;
    private int _received;
    private int _sendWindow = Frames.DefaultWindow;
    private int _initialSendWindow = Frames.DefaultWindow;
    private int _maxPayload = Frames.DefaultMaxPayload;
    private bool _started;

    private LeanConnection(Socket socket, string authority, int slots, IExchange exchange)
    {
        _socket = socket;
        _exchange = exchange;
        _headers = new RequestHeaders(authority);
        _streams = new StreamTable(slots);
    }

    /// <summary>Timestamp of the read whose contents are being handed over; good enough for both ends of a latency.</summary>
    public long Now { get; private set; }

    public static async Task<LeanConnection> ConnectAsync(Uri endpoint, int slots, IExchange exchange, CancellationToken cancellationToken)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
            return new LeanConnection(socket, endpoint.Authority, slots, exchange);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Opens a stream in a free slot and sends its first message.</summary>
    public void Open(int slot, string path, ReadOnlySpan<byte> message, bool endStream)
    {
        int id = _streams.Open(slot, _initialSendWindow);
        ReadOnlySpan<byte> block = _headers.For(path);
        Span<byte> frame = _output.Take(Frames.HeaderSize + block.Length);
        Frames.WriteHeader(frame, block.Length, Frames.Headers, Frames.EndHeaders, id);
        block.CopyTo(frame[Frames.HeaderSize..]);
        Send(slot, message, endStream);
    }

    /// <summary>Sends a message on an open stream.</summary>
    public void Send(int slot, ReadOnlySpan<byte> message, bool endStream)
    {
        ref StreamTable.Slot stream = ref _streams[slot];
        int length = MessagePrefix + message.Length;
        if (stream.Backlog is null && length <= Math.Min(_sendWindow, stream.SendWindow) && length <= _maxPayload)
        {
            Span<byte> frame = _output.Take(Frames.HeaderSize + length);
            Frames.WriteHeader(frame, length, Frames.Data, endStream ? Frames.EndStream : (byte)0, stream.Id);
            WriteMessage(frame[Frames.HeaderSize..], message);
            _sendWindow -= length;
            stream.SendWindow -= length;
            return;
        }

        stream.Backlog ??= new StreamBacklog();
        WriteMessage(stream.Backlog.Take(length), message);
        stream.Backlog.EndStream = endStream;
        _blocked.Enqueue(slot);
        SendBacklogs();
    }

    /// <summary>Runs until the exchange is done. Throws when the connection breaks before.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        SendPreface();
        bool goOn = true;
        while (goOn)
        {
            await FlushAsync(cancellationToken);
            int count = await _socket.ReceiveAsync(_input.AsMemory(_unread), cancellationToken);
            if (count == 0)
            {
                throw new IOException("the server closed the connection");
            }

            Now = Stopwatch.GetTimestamp();
            TakeFrames(_unread + count);
            goOn = _exchange.OnBatchEnd(this);
        }

        await FlushAsync(cancellationToken);
    }

    public void Dispose() => _socket.Dispose();

    private static void WriteMessage(Span<byte> target, ReadOnlySpan<byte> message)
    {
        target[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(target[1..], message.Length);
        message.CopyTo(target[MessagePrefix..]);
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        for (ReadOnlyMemory<byte> rest = _output.Written; !rest.IsEmpty;)
        {
            rest = rest[await _socket.SendAsync(rest, cancellationToken)..];
        }

        _output.Clear();
    }

    /// <summary>No pushes, and windows so large that the server never waits for us.</summary>
    private void SendPreface()
    {
        Frames.Preface.CopyTo(_output.Take(Frames.Preface.Length));
        Span<byte> settings = _output.Take(Frames.HeaderSize + (2 * Frames.SettingSize));
        Frames.WriteHeader(settings, 2 * Frames.SettingSize, Frames.Settings, 0, 0);
        WriteSetting(settings[Frames.HeaderSize..], Frames.SettingEnablePush, 0);
        WriteSetting(settings[(Frames.HeaderSize + Frames.SettingSize)..], Frames.SettingInitialWindow, Frames.MaxWindow);
        SendWindowUpdate(0, Frames.MaxWindow - Frames.DefaultWindow);
    }

    private static void WriteSetting(Span<byte> target, short id, int value)
    {
        BinaryPrimitives.WriteInt16BigEndian(target, id);
        BinaryPrimitives.WriteInt32BigEndian(target[2..], value);
    }

    private void SendWindowUpdate(int stream, int increment)
    {
        Span<byte> frame = _output.Take(Frames.HeaderSize + 4);
        Frames.WriteHeader(frame, 4, Frames.WindowUpdate, 0, stream);
        BinaryPrimitives.WriteInt32BigEndian(frame[Frames.HeaderSize..], increment);
    }

    private void TakeFrames(int end)
    {
        int start = 0;
        while (end - start >= Frames.HeaderSize)
        {
            ReadOnlySpan<byte> header = _input.AsSpan(start, Frames.HeaderSize);
            int length = Frames.ReadLength(header);
            if (length > Frames.DefaultMaxPayload)
            {
                throw new InvalidDataException($"the server sent a frame of {length} bytes, more than it may");
            }

            if (end - start < Frames.HeaderSize + length)
            {
                break;
            }

            int stream = BinaryPrimitives.ReadInt32BigEndian(header[5..]) & int.MaxValue;
            TakeFrame(header[3], header[4], stream, _input.AsSpan(start + Frames.HeaderSize, length));
            start += Frames.HeaderSize + length;
        }

        _unread = end - start;
        _input.AsSpan(start, _unread).CopyTo(_input);
    }

    private void TakeFrame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case Frames.Data:
                TakeData(stream, flags, payload);
                break;
            case Frames.Headers:
                _headerBlockStream = stream;
                _headerBlockEndsStream = (flags & Frames.EndStream) != 0;
                TakeHeaderBlock(flags, Frames.Trim(payload, flags, mayCarryPriority: true));
                break;
            case Frames.Continuation:
                TakeHeaderBlock(flags, payload);
                break;
            case Frames.ResetStream:
                End(stream, 2, $"the server reset the stream with code {BinaryPrimitives.ReadInt32BigEndian(payload)}");
                break;
            case Frames.Settings when (flags & Frames.Ack) == 0:
                TakeSettings(payload);
                break;
            case Frames.Ping when (flags & Frames.Ack) == 0:
                Span<byte> pong = _output.Take(Frames.HeaderSize + payload.Length);
                Frames.WriteHeader(pong, payload.Length, Frames.Ping, Frames.Ack, 0);
                payload.CopyTo(pong[Frames.HeaderSize..]);
                break;
            case Frames.WindowUpdate:
                WidenWindow(stream, BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue);
                break;
            case Frames.GoAway:
                throw new IOException($"the server sent GOAWAY with code {BinaryPrimitives.ReadInt32BigEndian(payload[4..])}");
            case Frames.PushPromise:
                throw new InvalidDataException("the server pushed although that is off");
        }
    }

    private void TakeData(int id, byte flags, ReadOnlySpan<byte> payload)
    {
        _received += payload.Length;
        if (_received >= RenewWindowAt)
        {
            SendWindowUpdate(0, _received);
            _received = 0;
        }

        if (!_streams.TryFind(id, out int slot))
        {
            return;
        }

        bool endsStream = (flags & Frames.EndStream) != 0;
        RenewStreamWindow(ref _streams[slot], payload.Length);
        ReadOnlySpan<byte> data = Frames.Trim(payload, flags, mayCarryPriority: false);
        while (_streams[slot].Assembly.TryTake(ref data, out ReadOnlySpan<byte> message))
        {
            _exchange.OnMessage(this, slot, message);
        }

        if (endsStream)
        {
            End(id, 2, "the server ended the stream without a status");
        }
    }

    private void RenewStreamWindow(ref StreamTable.Slot stream, int received)
    {
        stream.Received += received;
        if (stream.Received >= RenewWindowAt)
        {
            SendWindowUpdate(stream.Id, stream.Received);
            stream.Received = 0;
        }
    }

    private void TakeHeaderBlock(byte flags, ReadOnlySpan<byte> part)
    {
        bool whole = (flags & Frames.EndHeaders) != 0;
        if (!whole || _headerBlock.Length > 0)
        {
            _headerBlock = [.. _headerBlock, .. part];
            part = _headerBlock;
        }

        if (!whole)
        {
            return;
        }

        _responseHeaders.Decode(part);
        _headerBlock = [];
        if (_headerBlockEndsStream)
        {
            int status = _responseHeaders.GrpcStatus;
            string text = status < 0 ? $"HTTP {_responseHeaders.HttpStatus}" : _responseHeaders.GrpcMessage;
            End(_headerBlockStream, status < 0 ? 2 : status, text);
        }
    }

    private void End(int id, int status, string text)
    {
        if (_streams.TryFind(id, out int slot))
        {
            _streams.Close(slot);
            _exchange.OnEnd(this, slot, status, text);
        }
    }

    private void TakeSettings(ReadOnlySpan<byte> payload)
    {
        for (; payload.Length >= Frames.SettingSize; payload = payload[Frames.SettingSize..])
        {
            TakeSetting(BinaryPrimitives.ReadInt16BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[2..]));
        }

        Frames.WriteHeader(_output.Take(Frames.HeaderSize), 0, Frames.Settings, Frames.Ack, 0);
        if (!_started)
        {
            _started = true;
            _exchange.Begin(this);
        }

        SendBacklogs();
    }

    private void TakeSetting(short id, uint value)
    {
        switch (id)
        {
            case Frames.SettingInitialWindow:
                _streams.ShiftWindows((int)value - _initialSendWindow);
                _initialSendWindow = (int)value;
                break;
            case Frames.SettingMaxFrame:
                _maxPayload = (int)value;
                break;
            case Frames.SettingHeaderTableSize when value < 1024:
                throw new NotSupportedException($"the server allows only {value} bytes of header table");
        }
    }

    private void WidenWindow(int stream, int increment)
    {
        if (stream == 0)
        {
            _sendWindow += increment;
        }
        else if (_streams.TryFind(stream, out int slot))
        {
            _streams[slot].SendWindow += increment;
        }

        SendBacklogs();
    }

    /// <summary>Sends as much of what was held back as the windows let through, in turn.</summary>
    private void SendBacklogs()
    {
        for (int turns = _blocked.Count; turns > 0; turns--)
        {
            int slot = _blocked.Dequeue();
            ref StreamTable.Slot stream = ref _streams[slot];
            while (stream.Backlog is StreamBacklog backlog)
            {
                int count = Math.Min(Math.Min(backlog.Length, _maxPayload), Math.Min(_sendWindow, stream.SendWindow));
                if (count <= 0)
                {
                    _blocked.Enqueue(slot);
                    break;
                }

                bool last = count == backlog.Length;
                Span<byte> frame = _output.Take(Frames.HeaderSize + count);
                Frames.WriteHeader(frame, count, Frames.Data, last && backlog.EndStream ? Frames.EndStream : (byte)0, stream.Id);
                backlog.Drain(frame[Frames.HeaderSize..]);
                _sendWindow -= count;
                stream.SendWindow -= count;
                stream.Backlog = last ? null : backlog;
            }
        }
    }
}
