using Google.Protobuf;
using Pb = Etcdish.Protos;

namespace Etcdish.Fuzz.Reference;

/// <summary>Our decoded requests, field by field, as Google's types, so that the two can be compared.</summary>
internal static class AsProtobuf
{
    public static Pb.RangeRequest Range(Store.RangeRequest range) => new()
    {
        Key = Bytes(range.Key),
        RangeEnd = Bytes(range.RangeEnd),
        Limit = range.Limit,
        Revision = range.Revision,
        SortOrder = (Pb.RangeRequest.Types.SortOrder)range.SortOrder,
        SortTarget = (Pb.RangeRequest.Types.SortTarget)range.SortTarget,
        Serializable = range.Serializable,
        KeysOnly = range.KeysOnly,
        CountOnly = range.CountOnly,
        MinModRevision = range.MinModRevision,
        MaxModRevision = range.MaxModRevision,
        MinCreateRevision = range.MinCreateRevision,
        MaxCreateRevision = range.MaxCreateRevision,
    };

    public static Pb.PutRequest Put(in Store.PutRequest put) => new()
    {
        Key = Bytes(put.Key),
        Value = Bytes(put.Value),
        Lease = put.Lease,
        PrevKv = put.PrevKv,
        IgnoreValue = put.IgnoreValue,
        IgnoreLease = put.IgnoreLease,
    };

    public static Pb.DeleteRangeRequest DeleteRange(in Store.DeleteRangeRequest delete) =>
        new() { Key = Bytes(delete.Key), RangeEnd = Bytes(delete.RangeEnd), PrevKv = delete.PrevKv };

    public static Pb.TxnRequest Txn(Store.TxnRequest txn)
    {
        var result = new Pb.TxnRequest();
        result.Compare.AddRange(txn.Compare.Select(Compare));
        result.Success.AddRange(txn.Success.Select(Op));
        result.Failure.AddRange(txn.Failure.Select(Op));
        return result;
    }

    /// <summary>A watch request; of its filters only whether there is one of each kind, for more we do not keep.</summary>
    public static Pb.WatchRequest Watch(in Store.WatchRequest request) => request.Kind switch
    {
        Store.WatchRequestKind.Create => new() { CreateRequest = WatchCreate(request.Create!) },
        Store.WatchRequestKind.Cancel => new() { CancelRequest = new() { WatchId = request.CancelId } },
        Store.WatchRequestKind.Progress => new() { ProgressRequest = new() },
        _ => new(),
    };

    private static Pb.WatchCreateRequest WatchCreate(Store.WatchCreateRequest create)
    {
        var result = new Pb.WatchCreateRequest
        {
            Key = ByteString.CopyFrom(create.Key),
            RangeEnd = ByteString.CopyFrom(create.RangeEnd),
            StartRevision = create.StartRevision,
            ProgressNotify = create.ProgressNotify,
            PrevKv = create.PrevKv,
            WatchId = create.WatchId,
            Fragment = create.Fragment,
        };
        if (create.NoPut)
        {
            result.Filters.Add(Pb.WatchCreateRequest.Types.FilterType.Noput);
        }

        if (create.NoDelete)
        {
            result.Filters.Add(Pb.WatchCreateRequest.Types.FilterType.Nodelete);
        }

        return result;
    }

    private static Pb.RequestOp Op(Store.RequestOp op) => op.Kind switch
    {
        Store.RequestOpKind.Range => new() { RequestRange = Range(op.Range!) },
        Store.RequestOpKind.Put => new() { RequestPut = Put(op.Put) },
        Store.RequestOpKind.DeleteRange => new() { RequestDeleteRange = DeleteRange(op.DeleteRange) },
        Store.RequestOpKind.Txn => new() { RequestTxn = Txn(op.Txn!) },
        _ => new(),
    };

    private static Pb.Compare Compare(Store.Compare compare)
    {
        var result = new Pb.Compare
        {
            Result = (Pb.Compare.Types.CompareResult)compare.Result,
            Target = (Pb.Compare.Types.CompareTarget)compare.Target,
            Key = Bytes(compare.Key),
            RangeEnd = Bytes(compare.RangeEnd),
        };
        switch (compare.Target)
        {
            case Store.CompareTarget.Version:
                result.Version = compare.Number;
                break;
            case Store.CompareTarget.Create:
                result.CreateRevision = compare.Number;
                break;
            case Store.CompareTarget.Mod:
                result.ModRevision = compare.Number;
                break;
            case Store.CompareTarget.Value:
                result.Value = Bytes(compare.Value);
                break;
            case Store.CompareTarget.Lease:
                result.Lease = compare.Number;
                break;
            default:
                break;
        }

        return result;
    }

    private static ByteString Bytes(ReadOnlyMemory<byte> bytes) => ByteString.CopyFrom(bytes.Span);
}
