using System.Buffers;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// What waits for one member: envelopes back to back in one buffer, so that all that was queued since the last write is the next one.
/// Many threads add; one sender takes. While the member cannot be reached the outbox is closed and takes nothing: to it, a frame from
/// before its return is worse than none.
/// </summary>
/// <param name="maxBytes">Most bytes that may wait or be on their way into the socket.</param>
internal sealed class PeerOutbox(int maxBytes) : IDisposable
{
    private const int UsualBytes = 64 << 10;
    private const int MaxKeptBytes = 1 << 20;

    private readonly Lock _lock = new();
    private readonly AsyncSignal _signal = new();
    private byte[] _filling = [];
    private byte[] _leaving = [];
    private int _filled;
    private int _leavingBytes;
    private int _frames;
    private int _leavingFrames;
    private bool _isOpen = true;

    /// <summary>Adds a frame, which leaves after <see cref="Wake"/>; what is empty stands for a ping.</summary>
    /// <returns>False: it would not fit, or the outbox is closed.</returns>
    public bool TryAdd(ReadOnlySpan<byte> frame)
    {
        lock (_lock)
        {
            long filled = (long)_filled + Envelope.HeaderBytes + frame.Length;
            if (!_isOpen || filled + _leavingBytes > maxBytes)
            {
                return false;
            }

            Grow((int)filled);
            Envelope.WriteLength(_filling.AsSpan(_filled), frame.Length);
            frame.CopyTo(_filling.AsSpan(_filled + Envelope.HeaderBytes));
            _filled = (int)filled;
            _frames += frame.IsEmpty ? 0 : 1;
        }

        return true;
    }

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => Volatile.Read(ref _filled) == 0;

    /// <summary>Begins to take frames.</summary>
    public void Open()
    {
        lock (_lock)
        {
            _isOpen = true;
        }
    }

    /// <summary>Forgets what waits and takes no more.</summary>
    /// <returns>How many frames were lost, those of an unfinished write included.</returns>
    public int Close()
    {
        lock (_lock)
        {
            int lost = _frames + _leavingFrames;
            _isOpen = false;
            _filled = _frames = _leavingBytes = _leavingFrames = 0;
            return lost;
        }
    }

    /// <summary>Waits until there may be something to take, or <see cref="Wake"/>.</summary>
    public ValueTask WaitAsync() => _signal.WaitAsync();

    /// <summary>Wakes the sender: it takes what is here, or finds why else it was woken.</summary>
    public void Wake() => _signal.Set();

    /// <summary>Takes all that waits, with checksums; what was taken before counts as sent.</summary>
    /// <returns>Envelopes, valid until the next call; perhaps none.</returns>
    public ReadOnlyMemory<byte> Take()
    {
        lock (_lock)
        {
            (_filling, _leaving) = (_leaving, _filling);
            (_leavingBytes, _filled) = (_filled, 0);
            (_leavingFrames, _frames) = (_frames, 0);
            if (_filling.Length > MaxKeptBytes)
            {
                ArrayPool<byte>.Shared.Return(_filling);
                _filling = [];
            }
        }

        Memory<byte> leaving = _leaving.AsMemory(0, _leavingBytes);
        Seal(leaving.Span);
        return leaving;
    }

    /// <summary>Gives the buffers back; the outbox is closed and its sender has ended.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            Return(ref _filling);
            Return(ref _leaving);
        }
    }

    private static void Seal(Span<byte> envelopes)
    {
        while (!envelopes.IsEmpty)
        {
            int whole = Envelope.HeaderBytes + (int)Envelope.ReadLength(envelopes);
            Envelope.Seal(envelopes[..whole]);
            envelopes = envelopes[whole..];
        }
    }

    private static void Return(ref byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }

    private void Grow(int bytes)
    {
        if (bytes <= _filling.Length)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(UsualBytes, bytes));
        _filling.AsSpan(0, _filled).CopyTo(larger);
        Return(ref _filling);
        _filling = larger;
    }
}
