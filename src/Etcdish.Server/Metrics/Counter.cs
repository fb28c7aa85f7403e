namespace Etcdish.Server.Metrics;

/// <summary>A number that only rises. Adding is one interlocked instruction.</summary>
internal sealed class Counter
{
    private long _value;

    public long Value => Interlocked.Read(ref _value);

    public void Increment() => Interlocked.Increment(ref _value);

    public void Add(long amount) => Interlocked.Add(ref _value, amount);
}
