using BenchmarkDotNet.Attributes;
using Etcdish.Store;

namespace Etcdish.Benchmarks;

/// <summary>Renewing one of 10,000 leases.</summary>
[MemoryDiagnoser]
public class LeaseBenchmarks
{
    private const int Leases = 10_000;

    private readonly LeaseClock _clock = new(new LeaseTable(), new LeaseClockOptions());
    private long _nowMs;

    [GlobalSetup]
    public void Grant()
    {
        for (var id = 1; id <= Leases; id++)
        {
            _clock.Granted(id, ttlSeconds: 1_000_000_000, nowMs: 0);
        }
    }

    [Benchmark]
    public bool Renew()
    {
        _nowMs++;
        return _clock.TryRenew(1 + (_nowMs % Leases), _nowMs, out _, out _);
    }
}
