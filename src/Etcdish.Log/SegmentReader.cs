using System.Buffers;

namespace Etcdish.Log;

/// <summary>What <see cref="SegmentReader.Next"/> met.</summary>
internal enum FrameState
{
    /// <summary>A frame whose header and payload are the ones that were written there.</summary>
    Sound,

    /// <summary>Zeros, or no room for another header: where a segment ends.</summary>
    End,

    /// <summary>Bytes that are not a frame, or not the one that belongs here.</summary>
    Bad,
}

/// <summary>
/// Reads the frames of one segment from its start, with big sequential reads, and checks each. Bytes that the file lacks are zeros.
/// </summary>
internal sealed class SegmentReader
{
    private const int FirstReadBytes = 16 << 10;
    private const int ReadAheadBytes = 1 << 20;

    private readonly Segment _segment;
    private readonly uint _seed;
    private readonly long _limit;
    private byte[] _buffer = [];
    private long _bufferStart;
    private int _bufferLength;

    /// <summary>Starts after the header; reads frames that end at or before <paramref name="limit"/>.</summary>
    internal SegmentReader(Segment segment, ulong salt, uint chain, long limit)
    {
        _segment = segment;
        _seed = LogFormat.SegmentSeed(salt, segment.Number);
        _limit = limit;
        Chain = chain;
    }

    /// <summary>Where the next frame begins.</summary>
    internal uint Offset { get; private set; } = LogFormat.SegmentHeaderBytes;

    /// <summary>Chain of the last sound frame.</summary>
    internal uint Chain { get; private set; }

    /// <summary>Sound frames so far.</summary>
    internal ulong Count { get; private set; }

    internal FrameState Next(out LogRecord record)
    {
        record = default;
        if (Offset + LogFormat.FrameHeaderBytes > _limit)
        {
            return FrameState.End;
        }

        ReadOnlySpan<byte> headerBytes = Bytes(Offset, LogFormat.FrameHeaderBytes).Span;
        if (!LogFormat.TryReadFrame(headerBytes, _seed, Offset, _limit, out FrameHeader header))
        {
            return headerBytes.ContainsAnyExcept((byte)0) ? FrameState.Bad : FrameState.End;
        }

        var frameBytes = LogFormat.FrameBytes(header.PayloadLength);
        ReadOnlyMemory<byte> payload = Bytes(Offset, frameBytes)[LogFormat.FrameHeaderBytes..];
        if (!LogFormat.PayloadMatches(header, payload.Span, Chain))
        {
            return FrameState.Bad;
        }

        var position = new LogPosition(_segment.Number, Offset + LogFormat.FrameHeaderBytes);
        record = new LogRecord(header.Kind, header.Index, header.Term, position, payload[..header.PayloadLength]);
        Offset += (uint)frameBytes;
        Chain = header.Chain;
        Count++;
        return FrameState.Sound;
    }

    /// <summary>
    /// Whether a frame at or after <paramref name="from"/> says that everything up to beyond <paramref name="bad"/> was durable before it
    /// was written: the proof that what is at <paramref name="bad"/> is damage and not a torn write.
    /// </summary>
    internal static bool AnyLaterBatch(Segment segment, ulong salt, uint from, uint bad)
    {
        var scan = new SegmentReader(segment, salt, chain: 0, segment.Bytes);
        for (long offset = from; offset + LogFormat.FrameHeaderBytes <= segment.Bytes; offset += LogFormat.Alignment)
        {
            var available = scan.Bytes((uint)offset, (int)Math.Min(ReadAheadBytes / 2, segment.Bytes - offset)).Span;
            var nonZero = available.IndexOfAnyExcept((byte)0);
            if (nonZero < 0)
            {
                offset += (available.Length & -LogFormat.Alignment) - LogFormat.FrameHeaderBytes;
                continue;
            }

            offset += nonZero & -LogFormat.Alignment;
            if (offset + LogFormat.FrameHeaderBytes > segment.Bytes)
            {
                return false;
            }

            ReadOnlySpan<byte> candidate = scan.Bytes((uint)offset, LogFormat.FrameHeaderBytes).Span;
            if (LogFormat.TryReadFrame(candidate, scan._seed, (uint)offset, segment.Bytes, out FrameHeader header)
                && header.BatchStart > bad)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>End of the last byte that is not zero at or after <paramref name="from"/>; <paramref name="from"/> when all are.</summary>
    internal static long EndOfData(Segment segment, uint from)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(segment.Bytes - from, 1, ReadAheadBytes));
        var end = (long)from;
        for (long offset = from; offset < segment.Bytes; offset += buffer.Length)
        {
            Span<byte> bytes = buffer.AsSpan(0, segment.File.Read(buffer, offset));
            var last = bytes.LastIndexOfAnyExcept((byte)0);
            end = last < 0 ? end : offset + last + 1;
            if (bytes.Length < buffer.Length)
            {
                break;
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return end;
    }

    private ReadOnlyMemory<byte> Bytes(uint offset, int count)
    {
        if (offset < _bufferStart || offset + (long)count > _bufferStart + _bufferLength)
        {
            Fill(offset, count);
        }

        return _buffer.AsMemory((int)(offset - _bufferStart), count);
    }

    private void Fill(uint offset, int count)
    {
        // Reads grow: a segment that holds little costs little, and a full one is soon read in big pieces.
        int wanted = Math.Max(count, Math.Clamp(2 * _buffer.Length, FirstReadBytes, ReadAheadBytes));
        if (_buffer.Length < wanted)
        {
            _buffer = GC.AllocateUninitializedArray<byte>(wanted);
        }

        _bufferStart = offset;
        _bufferLength = (int)Math.Min(_buffer.Length, _segment.Bytes - offset);
        Span<byte> target = _buffer.AsSpan(0, _bufferLength);
        var read = _segment.File.Read(target, offset);
        target[read..].Clear();
    }
}
