using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Etcdish.Rpc.Http2;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>
/// One connection from its first byte to its last, given to the engine in pieces, and what came back. Checks what must hold whatever was
/// sent: the engine ends without an exception, and its frames are lawful.
/// </summary>
internal sealed class EngineRun
{
    private const int Data = 0;
    private const int Headers = 1;
    private const int Reset = 3;
    private const int Settings = 4;
    private const int GoAway = 7;
    private const int Continuation = 9;
    private const int NoError = 0;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly Dictionary<int, MemoryStream> _data = [];
    private readonly HashSet<int> _ended = [];
    private readonly HashSet<int> _reset = [];

    /// <summary>The code of the last GOAWAY, null if there was none.</summary>
    public int? GoAwayCode { get; private set; }

    /// <summary>What came back on each stream.</summary>
    public IReadOnlyDictionary<int, MemoryStream> Answers => _data;

    /// <summary>The streams that ended with their trailers.</summary>
    public IReadOnlySet<int> Ended => _ended;

    /// <summary>Runs a connection whose client sends all it has and leaves.</summary>
    /// <exception cref="InvalidDataException">The engine sent what it must not.</exception>
    public static EngineRun Run(Http2Service service, IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var transport = new MemoryTransport(clientBufferBytes: 0, isInline: true);
        Task served = service.OnConnectionAsync(transport);
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            transport.Sent.Write(piece.Span);
            transport.Sent.FlushAsync().AsTask().GetAwaiter().GetResult();
        }

        transport.Sent.Complete();
        served.WaitAsync(_patience).GetAwaiter().GetResult();
        transport.Transport.Input.Complete();
        transport.Transport.Output.Complete();
        var run = new EngineRun();
        run.Read(transport.Received, streams: null).WaitAsync(_patience).GetAwaiter().GetResult();
        return run;
    }

    /// <summary>Runs a connection whose client leaves when its calls are answered.</summary>
    /// <param name="service">The engine.</param>
    /// <param name="pieces">What the client sends.</param>
    /// <param name="streams">How many streams will be answered.</param>
    public static async Task<EngineRun> RunToTheEndAsync(Http2Service service, IEnumerable<ReadOnlyMemory<byte>> pieces, int streams)
    {
        var transport = new MemoryTransport();
        Task served = service.OnConnectionAsync(transport);
        var run = new EngineRun();
        Task reading = run.Read(transport.Received, streams);
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            await transport.Sent.WriteAsync(piece);
        }

        await reading.WaitAsync(_patience);
        await transport.Received.CompleteAsync();
        await transport.Sent.CompleteAsync();
        await served.WaitAsync(_patience);
        return run;
    }

    private async Task Read(PipeReader received, int? streams)
    {
        bool isFirst = true;
        while (streams is null || (_ended.Union(_reset).Count() < streams && GoAwayCode is null))
        {
            ReadResult read = await received.ReadAsync();
            ReadOnlySequence<byte> buffer = read.Buffer;
            while (TryTakeFrame(ref buffer, out byte[] frame))
            {
                Check(!isFirst || frame[3] == Settings, "the first frame is no SETTINGS");
                isFirst = false;
                Take(frame);
            }

            received.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                Check(buffer.Length == 0, "the last frame is not whole");
                return;
            }
        }
    }

    private static bool TryTakeFrame(ref ReadOnlySequence<byte> buffer, out byte[] frame)
    {
        frame = [];
        if (buffer.Length < 9)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(buffer.Slice(0, 4).ToArray()) >>> 8;
        Check(length <= 16_384, $"a frame of {length} bytes");
        if (buffer.Length < 9 + length)
        {
            return false;
        }

        frame = buffer.Slice(0, 9 + length).ToArray();
        buffer = buffer.Slice(9 + length);
        return true;
    }

    private void Take(byte[] frame)
    {
        int kind = frame[3];
        int streamId = BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(5));
        Check(kind is not (2 or 5 or > Continuation), $"a frame of kind {kind}");
        switch (kind)
        {
            case GoAway:
                GoAwayCode = BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(13));
                break;
            case Reset:
                int code = BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(9));
                Check(!_ended.Contains(streamId) || code == NoError, $"a reset by {code} of stream {streamId}, which has ended");
                Check(_reset.Add(streamId), $"a second reset of stream {streamId}");
                break;
            case Data:
            case Headers:
                TakeOfStream(frame, kind, streamId);
                break;
            default:
                break;
        }
    }

    private void TakeOfStream(byte[] frame, int kind, int streamId)
    {
        Check(streamId % 2 == 1, $"a frame on stream {streamId}");
        Check(!_ended.Contains(streamId) && !_reset.Contains(streamId), $"a frame on stream {streamId}, which has ended");
        Check(kind == Headers || _data.ContainsKey(streamId), $"data before headers on stream {streamId}");
        _data.TryAdd(streamId, new MemoryStream());
        if (kind == Data)
        {
            _data[streamId].Write(frame.AsSpan(9));
        }

        if ((frame[4] & 1) != 0)
        {
            _ended.Add(streamId);
        }
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidDataException($"The engine sent {otherwise}.");
        }
    }
}
