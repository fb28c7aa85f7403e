namespace Etcdish.Rpc;

/// <summary>
/// The cancellation token of a pooled call. Nothing is made until a handler asks; the source is used again for the next
/// call on the stream as long as it was never cancelled.
/// </summary>
internal sealed class CallCancellation
{
    // CancelAfter takes no more; a deadline further away than this (49 days) is none.
    private static readonly TimeSpan _maxTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 2);

    private readonly Lock _gate = new();
    private CancellationTokenSource? _source;
    private CancellationTokenRegistration _aborted;
    private CancellationTokenRegistration _stopping;
    private bool _isActive;

    public CancellationToken Get(ServerCall call)
    {
        lock (_gate)
        {
            if (!_isActive)
            {
                Activate(call);
            }

            return _source!.Token;
        }
    }

    /// <summary>
    /// Ends the use by one call. Waits for a cancellation under way on another thread, so that it cannot hit the next call.
    /// </summary>
    public void Release()
    {
        if (!_isActive)
        {
            return;
        }

        _isActive = false;
        _aborted.Dispose();
        _stopping.Dispose();
        if (!_source!.TryReset())
        {
            _source.Dispose();
            _source = null;
        }
    }

    private void Activate(ServerCall call)
    {
        _isActive = true;
        _source ??= new CancellationTokenSource();
        _aborted = call.Aborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        _stopping = call.IsStreaming
            ? call.Stopping.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source)
            : default;
        if (call.TimeLeft is { } left && left < _maxTimer)
        {
            // A millisecond late rather than early: who is woken by the timer finds the deadline passed.
            _source.CancelAfter(left + TimeSpan.FromMilliseconds(1));
        }
    }
}
