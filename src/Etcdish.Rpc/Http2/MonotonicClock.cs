namespace Etcdish.Rpc.Http2;

/// <summary>
/// Milliseconds that only ever go forward, since some time before the first connection; never 0, which stands for "not yet".
/// </summary>
internal sealed class MonotonicClock(TimeProvider time)
{
    private readonly long _origin = time.GetTimestamp();

    public long Milliseconds => 1 + (long)time.GetElapsedTime(_origin).TotalMilliseconds;
}
