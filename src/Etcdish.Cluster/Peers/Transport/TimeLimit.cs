namespace Etcdish.Cluster.Peers;

/// <summary>Bounds how long a step of making a connection may take.</summary>
internal static class TimeLimit
{
    /// <summary>Does some work within a time.</summary>
    /// <exception cref="IOException">It took longer.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was asked for.</exception>
    public static async ValueTask<T> RunAsync<T>(
        string what, TimeSpan limit, TimeProvider clock, Func<CancellationToken, ValueTask<T>> work, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        try
        {
            return await work(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new IOException($"{what} took longer than {limit.TotalSeconds:0.###} s");
        }
    }
}
