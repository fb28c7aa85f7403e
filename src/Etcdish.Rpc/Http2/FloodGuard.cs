namespace Etcdish.Rpc.Http2;

/// <summary>
/// Two allowances of a connection, against peers whose frames cost the server more than themselves. Each is a bucket that starts full,
/// loses one per frame and refills with time; an empty one ends the connection with ENHANCE_YOUR_CALM.
/// <list type="bullet">
/// <item>Control frames that carry no data: PING, SETTINGS, PRIORITY, empty DATA, unknown kinds, anything on closed streams. Each DATA
/// frame of the server's earns one more, because grpc-go probes the link with a PING for data that it received.</item>
/// <item>Early resets: streams that the client ends before the server answered at all (CVE-2023-44487). A watch that is cancelled, or
/// any call that has begun its answer, is none.</item>
/// </list>
/// Belongs to the read loop.
/// </summary>
internal sealed class FloodGuard(MonotonicClock clock, Func<long> dataFramesSent)
{
    public const int MaxControlFrames = 10_000;
    public const int MaxEarlyResets = 1_000;

    private const int ControlFramesPerSecond = 1_000;
    private const int EarlyResetsPerSecond = 100;

    private long _controlLeft = MaxControlFrames;
    private long _controlSince = clock.Milliseconds;
    private long _dataFramesSeen;
    private long _resetsLeft = MaxEarlyResets;
    private long _resetsSince = clock.Milliseconds;

    public void OnControlFrame()
    {
        if (--_controlLeft >= 0)
        {
            return;
        }

        long sent = dataFramesSent();
        _controlLeft = Refill(MaxControlFrames, ControlFramesPerSecond, ref _controlSince, sent - _dataFramesSeen);
        _dataFramesSeen = sent;
        if (--_controlLeft < 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.EnhanceYourCalm, "too many frames without data");
        }
    }

    public void OnEarlyReset()
    {
        if (--_resetsLeft >= 0)
        {
            return;
        }

        _resetsLeft = Refill(MaxEarlyResets, EarlyResetsPerSecond, ref _resetsSince, extra: 0);
        if (--_resetsLeft < 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.EnhanceYourCalm, "too many streams reset before they were answered");
        }
    }

    private long Refill(int max, int perSecond, ref long since, long extra)
    {
        long now = clock.Milliseconds;
        long earned = (now - since) * perSecond / 1000;
        if (earned > 0)
        {
            since = now;
        }

        return Math.Min(max, earned + extra);
    }
}
