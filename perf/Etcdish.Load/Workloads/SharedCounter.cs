namespace Etcdish.Load.Workloads;

/// <summary>Counts up from zero for all connections together.</summary>
internal sealed class SharedCounter
{
    private long _next = -1;

    public long Next() => Interlocked.Increment(ref _next);
}
