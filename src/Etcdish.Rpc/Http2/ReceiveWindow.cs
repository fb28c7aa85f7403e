namespace Etcdish.Rpc.Http2;

/// <summary>
/// What a peer may still send, on a connection or on a stream (RFC 9113, section 5.2). The read loop takes from it; whoever reads a body
/// gives back, on any thread. What was given back is announced when it is half of the window, so that updates are few.
/// </summary>
internal struct ReceiveWindow
{
    private readonly int _updateBytes;
    private int _available;
    private int _returned;

    public ReceiveWindow(int size)
    {
        _available = size;
        _updateBytes = Math.Max(1, size / 2);
    }

    /// <summary>Takes for bytes that arrived; false when the peer sent more than it may.</summary>
    public bool TryTake(int bytes) => Interlocked.Add(ref _available, -bytes) >= 0;

    /// <summary>Gives back bytes that were read.</summary>
    /// <returns>The increment to announce now, 0 for none yet.</returns>
    public int Return(int bytes)
    {
        if (Interlocked.Add(ref _returned, bytes) < _updateBytes)
        {
            return 0;
        }

        int increment = Interlocked.Exchange(ref _returned, 0);
        Interlocked.Add(ref _available, increment);
        return increment;
    }
}
