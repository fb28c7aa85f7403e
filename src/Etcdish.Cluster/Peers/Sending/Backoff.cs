namespace Etcdish.Cluster.Peers;

/// <summary>How long to wait before the next attempt: twice as long each time, and never exactly as long as another member waits.</summary>
/// <param name="context">The network, which gives bounds and jitter.</param>
internal sealed class Backoff(PeerContext context)
{
    private TimeSpan _next = context.Options.MinBackoff;

    /// <summary>The next wait: between half of what the count of attempts says and all of it.</summary>
    public TimeSpan Next()
    {
        TimeSpan wait = _next;
        _next = TimeSpan.FromTicks(Math.Min(2 * _next.Ticks, context.Options.MaxBackoff.Ticks));
        return wait * ((1 + context.NextJitter()) / 2);
    }

    /// <summary>An attempt worked.</summary>
    public void Reset() => _next = context.Options.MinBackoff;
}
