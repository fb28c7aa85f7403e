using System.Buffers;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// Takes frames out of a stream of envelopes. Its buffer grows with what has arrived, never with what a header claims, so a lie about a
/// length costs its teller as much as the truth.
/// </summary>
/// <param name="stream">The stream; it stays the caller's.</param>
/// <param name="maxFrameBytes">The longest frame accepted.</param>
internal sealed class EnvelopeReader(Stream stream, int maxFrameBytes) : IDisposable
{
    private const int UsualBytes = 64 << 10;
    private const int MaxKeptBytes = 4 << 20;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Math.Min(UsualBytes, Envelope.HeaderBytes + maxFrameBytes));
    private int _start;
    private int _end;

    /// <summary>The next frame that has arrived whole.</summary>
    /// <param name="frame">The frame, valid until more is read; empty for a ping.</param>
    /// <returns>False: more must be read first.</returns>
    /// <exception cref="MalformedFrameException">A frame is too long or damaged; nothing after it can be read.</exception>
    public bool TryTake(out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        int available = _end - _start;
        if (available < Envelope.HeaderBytes)
        {
            return false;
        }

        uint length = Envelope.ReadLength(_buffer.AsSpan(_start));
        if (length > (uint)maxFrameBytes)
        {
            throw new MalformedFrameException($"a frame of {length} bytes; the longest may have {maxFrameBytes}");
        }

        int whole = Envelope.HeaderBytes + (int)length;
        if (available < whole)
        {
            return false;
        }

        if (!Envelope.IsIntact(_buffer.AsSpan(_start, whole)))
        {
            throw new MalformedFrameException("a frame's checksum is wrong");
        }

        frame = _buffer.AsMemory(_start + Envelope.HeaderBytes, (int)length);
        _start += whole;
        return true;
    }

    /// <summary>Reads what has come, waiting for something.</summary>
    /// <returns>The number of bytes; 0 at the end of the stream.</returns>
    public async ValueTask<int> FillAsync(CancellationToken cancellation)
    {
        int read = await stream.ReadAsync(GetRoom(), cancellation).ConfigureAwait(false);
        Added(read);
        return read;
    }

    /// <summary>
    /// Where the next bytes of the stream belong, for a caller that reads them itself: that saves the hot path a state machine a read.
    /// </summary>
    public Memory<byte> GetRoom()
    {
        MakeRoom();
        return _buffer.AsMemory(_end);
    }

    /// <summary>So many bytes were read to where <see cref="GetRoom"/> said.</summary>
    public void Added(int bytes) => _end += bytes;

    /// <summary>Gives the buffer back. No read may be under way.</summary>
    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void MakeRoom()
    {
        int rest = _end - _start;
        byte[] target = _buffer;
        if (rest == _buffer.Length)
        {
            long needed = Envelope.HeaderBytes + (long)Envelope.ReadLength(_buffer.AsSpan(_start));
            target = ArrayPool<byte>.Shared.Rent((int)Math.Min(2L * rest, Math.Max(needed, UsualBytes)));
        }
        else if (rest <= UsualBytes / 2 && _buffer.Length > MaxKeptBytes)
        {
            target = ArrayPool<byte>.Shared.Rent(UsualBytes);
        }
        else if (_end < _buffer.Length && _start < _buffer.Length / 2 && rest > 0)
        {
            return;
        }

        _buffer.AsSpan(_start, rest).CopyTo(target);
        if (target != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }

        _start = 0;
        _end = rest;
    }
}
