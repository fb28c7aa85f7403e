namespace Etcdish.Load.Gaps;

/// <summary>One fault, and how long no write was acknowledged around it.</summary>
internal static class GapTrial
{
    /// <summary>At 200 a second and member: a third of a second of three members, longer than any answer that was under way.</summary>
    private const int SettledWrites = 200;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    /// <summary>The longest gap from before the fault until writes flow again.</summary>
    /// <param name="meter">Writes to every member.</param>
    /// <param name="fault">Ends when the fault is complete, such as with the end of a process that was asked to.</param>
    /// <param name="cancellationToken">Ends the wait for writes.</param>
    /// <exception cref="TimeoutException">No writes were acknowledged for a minute, before or after the fault.</exception>
    public static async Task<TimeSpan> MeasureAsync(WriteGapMeter meter, Func<Task> fault, CancellationToken cancellationToken)
    {
        await SettleAsync(meter, cancellationToken);
        meter.BeginWindow();
        await fault();
        await SettleAsync(meter, cancellationToken);
        return meter.Longest;
    }

    private static async Task SettleAsync(WriteGapMeter meter, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_patience);
        try
        {
            await meter.WaitForAcknowledgedAsync(SettledWrites, limit.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{SettledWrites} writes were not acknowledged within {_patience.TotalSeconds} s", e);
        }
    }
}
