using BenchmarkDotNet.Attributes;
using Etcdish.Benchmarks.Support;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Benchmarks;

/// <summary>Requests decoded from their bytes, keys of 8 bytes and values of 256; Google's parser for comparison.</summary>
[MemoryDiagnoser]
public class DecodingBenchmarks
{
    private readonly byte[] _put;
    private readonly byte[] _range;
    private readonly byte[] _txnOfTen;

    public DecodingBenchmarks()
    {
        var key = ByteString.CopyFrom(BenchmarkStore.Key(7));
        var put = new Protos.PutRequest { Key = key, Value = ByteString.CopyFrom(new byte[BenchmarkStore.ValueBytes]) };
        _put = put.ToByteArray();
        _range = new Protos.RangeRequest { Key = key, RangeEnd = key, Limit = 500 }.ToByteArray();
        var txn = new Protos.TxnRequest();
        for (var i = 0; i < 10; i++)
        {
            txn.Success.Add(new Protos.RequestOp { RequestPut = put });
        }

        _txnOfTen = txn.ToByteArray();
    }

    [Benchmark]
    public long Put() => RequestDecoder.DecodePut(_put).Lease;

    [Benchmark]
    public object PutByGoogle() => Protos.PutRequest.Parser.ParseFrom(_put);

    [Benchmark]
    public object Range() => RequestDecoder.DecodeRange(_range);

    [Benchmark]
    public object TxnOfTenPuts() => RequestDecoder.DecodeTxn(_txnOfTen);

    [Benchmark]
    public object TxnOfTenPutsByGoogle() => Protos.TxnRequest.Parser.ParseFrom(_txnOfTen);
}
