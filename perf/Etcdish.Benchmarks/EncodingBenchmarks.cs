using System.Buffers;
using BenchmarkDotNet.Attributes;
using Etcdish.Benchmarks.Support;
using Etcdish.Store;

namespace Etcdish.Benchmarks;

/// <summary>Answers and events as bytes, from versions that were found already; values have 256 bytes.</summary>
[MemoryDiagnoser]
public class EncodingBenchmarks
{
    private const int Keys = 2000;

    private readonly RangeResult _thousand = new();
    private readonly ArrayBufferWriter<byte> _output = new(1 << 20);
    private readonly ResponseHeader _header = new(1, 2, 3, 4);
    private BenchmarkStore _store = null!;
    private KeyRevision _version = null!;

    [GlobalSetup]
    public void Fill()
    {
        _store = new BenchmarkStore(Keys);
        _store.Store.TryGet(BenchmarkStore.Key(5), out var version);
        _version = version!;
        _store.Store.Range(new RangeRequest { Key = new byte[1], RangeEnd = new byte[1], Limit = 1000 }, _thousand);
    }

    [GlobalCleanup]
    public void Dispose() => _store.Dispose();

    [Benchmark]
    public object WatchEvent() => EncodedEvent.Encode(_version, _store);

    [Benchmark]
    public int RangeResponseOfThousand()
    {
        _output.ResetWrittenCount();
        new RangeResponseWriter(_header, _thousand, _store).WriteSome(_output, long.MaxValue);
        return _output.WrittenCount;
    }

    [Benchmark]
    public int PutResponse()
    {
        _output.ResetWrittenCount();
        ResponseEncoder.WritePut(_output, _header, previous: null, _store);
        return _output.WrittenCount;
    }
}
