using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Load.Workloads;

/// <summary>Puts, ranges, transactions, or puts and ranges mixed.</summary>
internal sealed class KvSource : IRequestSource
{
    private readonly KeyChooser _keys;
    private readonly RequestTemplate _write;
    private readonly RequestTemplate _read;
    private readonly RequestKind _writeKind;
    private readonly double _readShare;

    public KvSource(LoadOptions options, KeyChooser keys)
    {
        _keys = keys;
        _readShare = options.Workload switch
        {
            WorkloadKind.Range or WorkloadKind.SerializableRange => 1,
            WorkloadKind.Mixed => options.ReadShare,
            _ => 0,
        };
        _writeKind = options.Workload == WorkloadKind.Txn ? RequestKind.Txn : RequestKind.Put;
        _write = options.Workload == WorkloadKind.Txn ? TxnTemplate(options) : new RequestTemplate(PutOf(options), options.KeySize);
        RangeRequest range = new()
        {
            Key = RequestTemplate.Placeholder(options.KeySize),
            Serializable = options.Workload == WorkloadKind.SerializableRange,
        };
        _read = new RequestTemplate(range, options.KeySize);
    }

    public ReadOnlySpan<byte> Next(out RequestKind kind)
    {
        bool read = _readShare > 0 && (_readShare >= 1 || _keys.NextShare() < _readShare);
        kind = read ? RequestKind.Range : _writeKind;
        RequestTemplate template = read ? _read : _write;
        long first = _keys.Next();
        for (int i = 0; i < template.KeyCount; i++)
        {
            // A transaction may not put a key twice, so it takes neighbours.
            _keys.Write(first * template.KeyCount + i, template.Key(i));
        }

        return template.Bytes;
    }

    private static RequestTemplate TxnTemplate(LoadOptions options)
    {
        TxnRequest txn = new();
        for (int i = 0; i < options.TxnPuts; i++)
        {
            txn.Success.Add(new RequestOp { RequestPut = PutOf(options) });
        }

        return new RequestTemplate(txn, options.KeySize);
    }

    private static PutRequest PutOf(LoadOptions options)
    {
        byte[] value = new byte[options.ValueSize];
        Random random = new(options.Seed);
        for (int i = 0; i < value.Length; i++)
        {
            value[i] = (byte)random.Next('a', 'z' + 1);
        }

        return new PutRequest { Key = RequestTemplate.Placeholder(options.KeySize), Value = UnsafeByteOperations.UnsafeWrap(value) };
    }
}
