using System.Buffers;
using Etcdish.Checkers;
using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>A recorded call as the request that a server would receive.</summary>
internal static class RequestBytes
{
    /// <summary>The log entry of a call that writes.</summary>
    public static (EntryKind Kind, ReadOnlyMemory<byte> Payload) Entry(Call call)
    {
        ArrayBufferWriter<byte> bytes = new(64);
        switch (call)
        {
            case PutCall put:
                RequestEncoder.Encode(Put(put), bytes);
                return (EntryKind.Put, bytes.WrittenMemory);
            case DeleteCall delete:
                RequestEncoder.Encode(Delete(delete), bytes);
                return (EntryKind.DeleteRange, bytes.WrittenMemory);
            case TxnCall txn:
                RequestEncoder.Encode(Txn(txn), bytes);
                return (EntryKind.Txn, bytes.WrittenMemory);
            case CompactCall compact:
                RequestEncoder.Encode(new CompactionRequest { Revision = compact.Revision }, bytes);
                return (EntryKind.Compact, bytes.WrittenMemory);
            case GrantCall grant:
                RequestEncoder.Encode(new LeaseGrantRequest { Id = grant.Lease, TtlSeconds = grant.Seconds }, bytes);
                return (EntryKind.LeaseGrant, bytes.WrittenMemory);
            case RevokeCall revoke:
                RequestEncoder.EncodeLeaseRevoke(revoke.Lease, bytes);
                return (EntryKind.LeaseRevoke, bytes.WrittenMemory);
            default:
                throw new ArgumentException($"{call} is not written to the log", nameof(call));
        }
    }

    public static RangeRequest Range(RangeCall range) => new()
    {
        Key = Texts.Key(range.Keys.Start),
        RangeEnd = Texts.RangeEnd(range.Keys),
        Revision = range.Revision,
        Limit = range.Limit,
        SortTarget = (Store.SortTarget)range.SortTarget,
        SortOrder = (Store.SortOrder)range.SortOrder,
        Serializable = range.Serializable,
        KeysOnly = range.KeysOnly,
        CountOnly = range.CountOnly,
    };

    public static TxnRequest Txn(TxnCall txn) => new()
    {
        Compare = [.. txn.Compares.Select(Compare)],
        Success = [.. txn.Success.Select(Operation)],
        Failure = [.. txn.Failure.Select(Operation)],
    };

    private static PutRequest Put(PutCall put) => new()
    {
        Key = Texts.Key(put.Key),
        Value = Texts.Value(put.Value),
        Lease = put.Lease,
        PrevKv = put.PrevKv,
    };

    private static DeleteRangeRequest Delete(DeleteCall delete) => new()
    {
        Key = Texts.Key(delete.Keys.Start),
        RangeEnd = Texts.RangeEnd(delete.Keys),
        PrevKv = delete.PrevKv,
    };

    private static RequestOp Operation(Call call) => call switch
    {
        PutCall put => new RequestOp { Kind = RequestOpKind.Put, Put = Put(put) },
        DeleteCall delete => new RequestOp { Kind = RequestOpKind.DeleteRange, DeleteRange = Delete(delete) },
        RangeCall range => new RequestOp { Kind = RequestOpKind.Range, Range = Range(range) },
        TxnCall txn => new RequestOp { Kind = RequestOpKind.Txn, Txn = Txn(txn) },
        _ => throw new ArgumentException($"{call} cannot be in a transaction", nameof(call)),
    };

    private static Store.Compare Compare(Checkers.Compare compare) => new()
    {
        Key = Texts.Key(compare.Key),
        Target = compare.Target switch
        {
            Checkers.CompareTarget.Version => Store.CompareTarget.Version,
            Checkers.CompareTarget.Create => Store.CompareTarget.Create,
            Checkers.CompareTarget.Mod => Store.CompareTarget.Mod,
            Checkers.CompareTarget.Value => Store.CompareTarget.Value,
            _ => Store.CompareTarget.Lease,
        },
        Result = compare.Result switch
        {
            Checkers.CompareResult.Equal => Store.CompareResult.Equal,
            Checkers.CompareResult.Greater => Store.CompareResult.Greater,
            Checkers.CompareResult.Less => Store.CompareResult.Less,
            _ => Store.CompareResult.NotEqual,
        },
        Number = compare.Number,
        Value = compare.Value is null ? default : Texts.Value(compare.Value),
    };
}
