using System.Buffers;
using BenchmarkDotNet.Attributes;
using Etcdish.Benchmarks.Support;
using Etcdish.Store;

namespace Etcdish.Benchmarks;

/// <summary>Reads over a million keys: finding the versions, and for ranges also encoding the answer with values of 256 bytes.</summary>
[MemoryDiagnoser]
public class RangeBenchmarks
{
    private const int Keys = 1_000_000;

    private readonly RangeResult _result = new();
    private readonly ArrayBufferWriter<byte> _output = new(1 << 20);
    private readonly ResponseHeader _header = new(1, 2, 3, 4);
    private BenchmarkStore _store = null!;
    private RangeRequest _all = null!;
    private RangeRequest _one = null!;
    private RangeRequest _ten = null!;
    private RangeRequest _thousand = null!;
    private byte[] _key = [];

    [GlobalSetup]
    public void Fill()
    {
        _store = new BenchmarkStore(Keys);
        _key = BenchmarkStore.Key(Keys / 3);
        _all = new RangeRequest { Key = new byte[1], RangeEnd = new byte[1], CountOnly = true };
        _one = new RangeRequest { Key = _key };
        _ten = Range(10);
        _thousand = Range(1000);
        _store.Store.Range(_thousand, _result);
    }

    [GlobalCleanup]
    public void Dispose() => _store.Dispose();

    [Benchmark]
    public bool PointGet() => _store.Store.TryGet(_key, out _);

    [Benchmark]
    public int RangeOfOne() => Read(_one);

    [Benchmark]
    public int RangeOfTen() => Read(_ten);

    [Benchmark]
    public int RangeOfThousand() => Read(_thousand);

    [Benchmark]
    public long CountOfMillion()
    {
        _store.Store.Range(_all, _result);
        return _result.Count;
    }

    private static RangeRequest Range(int keys) => new() { Key = BenchmarkStore.Key(Keys / 3), RangeEnd = BenchmarkStore.Key(Keys / 3 + keys) };

    private int Read(RangeRequest request)
    {
        _store.Store.Range(request, _result);
        _output.ResetWrittenCount();
        new RangeResponseWriter(_header, _result, _store).WriteSome(_output, long.MaxValue);
        return _output.WrittenCount;
    }
}
