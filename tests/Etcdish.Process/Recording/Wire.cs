using Etcdish.Checkers;
using Google.Protobuf;

namespace Etcdish.Process.Recording;

/// <summary>Between the calls and replies of histories and etcd's messages.</summary>
internal static class Wire
{
    public static Protos.RangeRequest Request(RangeCall range) => new()
    {
        Key = Bytes(range.Keys.Start),
        RangeEnd = Bytes(range.Keys.End),
        Revision = range.Revision,
        Limit = range.Limit,
        SortTarget = (Protos.RangeRequest.Types.SortTarget)range.SortTarget,
        SortOrder = (Protos.RangeRequest.Types.SortOrder)range.SortOrder,
        Serializable = range.Serializable,
        KeysOnly = range.KeysOnly,
        CountOnly = range.CountOnly,
    };

    public static Protos.PutRequest Request(PutCall put) =>
        new() { Key = Bytes(put.Key), Value = Bytes(put.Value), Lease = put.Lease, PrevKv = put.PrevKv };

    public static Protos.DeleteRangeRequest Request(DeleteCall delete) =>
        new() { Key = Bytes(delete.Keys.Start), RangeEnd = Bytes(delete.Keys.End), PrevKv = delete.PrevKv };

    public static Protos.TxnRequest Request(TxnCall txn) => new()
    {
        Compare = { txn.Compares.Select(Request) },
        Success = { txn.Success.Select(Operation) },
        Failure = { txn.Failure.Select(Operation) },
    };

    public static Protos.WatchRequest Request(WatchRecord watch)
    {
        var create = new Protos.WatchCreateRequest
        {
            Key = Bytes(watch.Keys.Start),
            RangeEnd = Bytes(watch.Keys.End),
            StartRevision = watch.StartRevision,
            PrevKv = watch.PrevKv,
            Fragment = true,
        };
        if (watch.NoPut)
            create.Filters.Add(Protos.WatchCreateRequest.Types.FilterType.Noput);
        if (watch.NoDelete)
            create.Filters.Add(Protos.WatchCreateRequest.Types.FilterType.Nodelete);
        return new Protos.WatchRequest { CreateRequest = create };
    }

    public static RangeReply Reply(Protos.RangeResponse response) =>
        new(response.Header?.Revision ?? 0, [.. response.Kvs.Select(Kv)], response.Count, response.More);

    public static PutReply Reply(Protos.PutResponse response) => new(response.Header?.Revision ?? 0, Maybe(response.PrevKv));

    public static DeleteReply Reply(Protos.DeleteRangeResponse response) =>
        new(response.Header?.Revision ?? 0, response.Deleted, [.. response.PrevKvs.Select(Kv)]);

    public static TxnReply Reply(Protos.TxnResponse response) =>
        new(response.Header?.Revision ?? 0, response.Succeeded, [.. response.Responses.Select(Inner)]);

    public static WatchResponse Reply(Protos.WatchResponse response, long receivedAt) =>
        new(receivedAt, response.Header?.Revision ?? 0, [.. response.Events.Select(Event)])
        {
            Created = response.Created,
            Canceled = response.Canceled,
            CompactRevision = response.CompactRevision,
            Fragment = response.Fragment,
        };

    private static WatchEvent Event(Protos.Event change)
    {
        KeyValue kv = Kv(change.Kv);
        return new WatchEvent(change.Type == Protos.Event.Types.EventType.Delete, kv, Maybe(change.PrevKv));
    }

    // The header inside of a transaction repeats or omits the outer one; a history holds the outer one only.
    private static Reply Inner(Protos.ResponseOp response) => response.ResponseCase switch
    {
        Protos.ResponseOp.ResponseOneofCase.ResponseRange => Reply(response.ResponseRange) with { Revision = 0 },
        Protos.ResponseOp.ResponseOneofCase.ResponsePut => Reply(response.ResponsePut) with { Revision = 0 },
        Protos.ResponseOp.ResponseOneofCase.ResponseDeleteRange => Reply(response.ResponseDeleteRange) with { Revision = 0 },
        Protos.ResponseOp.ResponseOneofCase.ResponseTxn => Reply(response.ResponseTxn) with { Revision = 0 },
        _ => throw new InvalidDataException("a transaction answered nothing for an operation"),
    };

    private static Protos.RequestOp Operation(Call call) => call switch
    {
        RangeCall range => new() { RequestRange = Request(range) },
        PutCall put => new() { RequestPut = Request(put) },
        DeleteCall delete => new() { RequestDeleteRange = Request(delete) },
        TxnCall txn => new() { RequestTxn = Request(txn) },
        _ => throw new ArgumentException($"a transaction cannot hold {call}", nameof(call)),
    };

    private static Protos.Compare Request(Compare compare)
    {
        var request = new Protos.Compare
        {
            Key = Bytes(compare.Key),
            Target = (Protos.Compare.Types.CompareTarget)compare.Target,
            Result = (Protos.Compare.Types.CompareResult)compare.Result,
        };
        switch (compare.Target)
        {
            case CompareTarget.Version: request.Version = compare.Number; break;
            case CompareTarget.Create: request.CreateRevision = compare.Number; break;
            case CompareTarget.Mod: request.ModRevision = compare.Number; break;
            case CompareTarget.Lease: request.Lease = compare.Number; break;
            case CompareTarget.Value: request.Value = Bytes(compare.Value); break;
        }

        return request;
    }

    private static KeyValue Kv(Protos.KeyValue kv) =>
        new(kv.Key.ToStringUtf8(), kv.Value.ToStringUtf8(), kv.CreateRevision, kv.ModRevision, kv.Version, kv.Lease);

    private static KeyValue? Maybe(Protos.KeyValue? kv) => kv is null ? null : Kv(kv);

    private static ByteString Bytes(string? text) => text is null ? ByteString.Empty : ByteString.CopyFromUtf8(text);
}
