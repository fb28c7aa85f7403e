using System.Buffers;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// A header block that comes in a HEADERS frame and CONTINUATIONs. While one is open nothing else may come on the connection
/// (RFC 9113, section 6.10). Both the bytes and the frames of a block are bounded (CVE-2024-27316). Belongs to the read loop; the time of
/// its beginning is read by the clock's thread too.
/// </summary>
internal sealed class HeaderAssembler(MonotonicClock clock, int maxBlockBytes)
{
    /// <summary>The most CONTINUATION frames of one block: ordinary clients fill their frames.</summary>
    public const int MaxContinuations = 64;

    private byte[]? _buffer;
    private int _length;
    private int _continuations;
    private long _since;

    /// <summary>The stream whose block is open; 0 when none is.</summary>
    public int StreamId { get; private set; }

    /// <summary>Flags of the HEADERS frame that began the block.</summary>
    public byte Flags { get; private set; }

    /// <summary>The bytes so far.</summary>
    public ReadOnlySpan<byte> Block => _buffer.AsSpan(0, _length);

    /// <summary>When the open block began, in milliseconds of the clock; 0 when none is open.</summary>
    public long Since => Volatile.Read(ref _since);

    public void Begin(int streamId, byte flags, ReadOnlySpan<byte> fragment)
    {
        StreamId = streamId;
        Flags = flags;
        _continuations = 0;
        Volatile.Write(ref _since, clock.Milliseconds);
        Add(fragment);
    }

    /// <exception cref="Http2ConnectionException">The block is too long, or in too many frames.</exception>
    public void Continue(ReadOnlySpan<byte> fragment)
    {
        if (++_continuations > MaxContinuations)
        {
            throw new Http2ConnectionException(Http2ErrorCode.EnhanceYourCalm, "too many CONTINUATION frames");
        }

        Add(fragment);
    }

    /// <summary>Forgets the block.</summary>
    public void End()
    {
        StreamId = 0;
        _length = 0;
        Volatile.Write(ref _since, 0);
        if (_buffer is { } buffer)
        {
            _buffer = null;
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Add(ReadOnlySpan<byte> fragment)
    {
        if (fragment.Length > maxBlockBytes - _length)
        {
            throw new Http2ConnectionException(Http2ErrorCode.EnhanceYourCalm, $"a header block of more than {maxBlockBytes} bytes");
        }

        int needed = _length + fragment.Length;
        if (_buffer is null || _buffer.Length < needed)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(needed);
            Block.CopyTo(larger);
            if (_buffer is { } buffer)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            _buffer = larger;
        }

        fragment.CopyTo(_buffer.AsSpan(_length));
        _length = needed;
    }
}
