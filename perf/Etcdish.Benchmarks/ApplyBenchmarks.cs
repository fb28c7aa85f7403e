using BenchmarkDotNet.Attributes;
using Etcdish.Benchmarks.Support;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Benchmarks;

/// <summary>Applying entries to the store; what an iteration adds is deleted and compacted before the next.</summary>
[MemoryDiagnoser]
public class ApplyBenchmarks
{
    private const int Entries = 20_000;
    private const int FirstNewKey = 50_000_000;

    private BenchmarkStore _store = null!;
    private byte[] _txn = [];

    [Params(10_000, 1_000_000)]
    public int Keys { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        _store = new BenchmarkStore(Keys);
        var key = ByteString.CopyFrom(BenchmarkStore.Key(Keys / 2));
        var value = ByteString.CopyFrom(new byte[BenchmarkStore.ValueBytes]);
        _txn = new Protos.TxnRequest
        {
            Compare = { new Protos.Compare { Key = key, Target = Protos.Compare.Types.CompareTarget.Mod, Result = Protos.Compare.Types.CompareResult.Greater } },
            Success = { new Protos.RequestOp { RequestPut = new Protos.PutRequest { Key = key, Value = value } } },
            Failure = { new Protos.RequestOp { RequestRange = new Protos.RangeRequest { Key = key } } },
        }.ToByteArray();
    }

    [IterationCleanup]
    public void TakeAway()
    {
        _store.DeleteFrom(FirstNewKey);
        _store.Compact();
    }

    [GlobalCleanup]
    public void Dispose() => _store.Dispose();

    [Benchmark(OperationsPerInvoke = Entries)]
    public void PutNewKey()
    {
        for (var i = 0; i < Entries; i++)
        {
            _store.Put(FirstNewKey + i);
        }
    }

    [Benchmark(OperationsPerInvoke = Entries)]
    public void Overwrite()
    {
        for (var i = 0; i < Entries; i++)
        {
            _store.Put(BenchmarkStore.Scatter(i, Keys));
        }
    }

    [Benchmark(OperationsPerInvoke = Entries, Description = "Txn: compare, put, else get")]
    public void Txn()
    {
        for (var i = 0; i < Entries; i++)
        {
            _store.Apply(EntryKind.Txn, _txn);
        }
    }
}
