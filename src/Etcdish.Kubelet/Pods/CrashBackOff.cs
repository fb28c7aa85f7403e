namespace Etcdish.Kubelet.Pods;

/// <summary>
/// The pause before a container that ended is started again: none at first, then 10 s, doubling up to 5 minutes. Who has run well for 10
/// minutes begins anew.
/// </summary>
/// <param name="Delay">The pause after the next end.</param>
/// <param name="Since">When the delay was last made longer.</param>
internal readonly record struct CrashBackOff(TimeSpan Delay, DateTimeOffset Since)
{
    private static readonly TimeSpan _first = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(5);

    /// <summary>When a container that ended then may be started again.</summary>
    public static DateTimeOffset RetryAt(CrashBackOff? known, DateTimeOffset finishedAt) =>
        known is { } backOff && !backOff.IsOver(finishedAt) ? finishedAt + backOff.Delay : finishedAt;

    /// <summary>What is remembered when it is started again.</summary>
    public static CrashBackOff Next(CrashBackOff? known, DateTimeOffset finishedAt, DateTimeOffset now)
    {
        if (known is not { } backOff || backOff.IsOver(finishedAt))
        {
            return new CrashBackOff(_first, now);
        }

        var doubled = backOff.Delay * 2;
        return new CrashBackOff(doubled < _longest ? doubled : _longest, now);
    }

    private bool IsOver(DateTimeOffset finishedAt) => finishedAt - Since > _longest * 2;
}
