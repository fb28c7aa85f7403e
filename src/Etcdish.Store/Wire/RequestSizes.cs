namespace Etcdish.Store;

/// <summary>
/// How many bytes requests are when <see cref="RequestEncoder"/> has written them. A message within another one is preceded by its length:
/// who knows it beforehand need not write it elsewhere first.
/// </summary>
internal static class RequestSizes
{
    /// <summary>Field 64 is the one field of these messages whose tag takes two bytes.</summary>
    private const int WideTag = 2;

    public static int Of(TxnRequest request)
    {
        var size = 0;
        foreach (var compare in request.Compare)
        {
            size += ProtoFields.LengthDelimitedSize(Of(compare));
        }

        return size + OfBranch(request.Success) + OfBranch(request.Failure);
    }

    public static int Of(RequestOp op) => op.Kind switch
    {
        RequestOpKind.Range => Of(op.Range!),
        RequestOpKind.Put => Of(op.Put),
        RequestOpKind.DeleteRange => Of(op.DeleteRange),
        RequestOpKind.Txn => Of(op.Txn!),
        _ => 0,
    };

    public static int Of(Compare compare)
    {
        var size = ProtoFields.SizeOf((long)compare.Result) + ProtoFields.SizeOf((long)compare.Target) + ProtoFields.SizeOf(compare.Key.Span);
        size += compare.Target == CompareTarget.Value ? ProtoFields.SizeOf(compare.Value.Span) : 0;
        size += RequestDecoder.NumberField(compare.Target) == 0 ? 0 : ProtoFields.SizeOf(compare.Number);
        return size + (compare.RangeEnd.IsEmpty ? 0 : WideTag - 1 + ProtoFields.SizeOf(compare.RangeEnd.Span));
    }

    private static int OfBranch(IReadOnlyList<RequestOp> ops)
    {
        var size = 0;
        foreach (var op in ops)
        {
            size += ProtoFields.LengthDelimitedSize(op.Kind == RequestOpKind.None ? 0 : ProtoFields.LengthDelimitedSize(Of(op)));
        }

        return size;
    }

    private static int Of(RangeRequest request) =>
        ProtoFields.SizeOf(request.Key.Span)
        + ProtoFields.SizeOf(request.RangeEnd.Span)
        + ProtoFields.SizeOf(request.Limit)
        + ProtoFields.SizeOf(request.Revision)
        + ProtoFields.SizeOf((long)request.SortOrder)
        + ProtoFields.SizeOf((long)request.SortTarget)
        + ProtoFields.SizeOf(request.Serializable)
        + ProtoFields.SizeOf(request.KeysOnly)
        + ProtoFields.SizeOf(request.CountOnly)
        + ProtoFields.SizeOf(request.MinModRevision)
        + ProtoFields.SizeOf(request.MaxModRevision)
        + ProtoFields.SizeOf(request.MinCreateRevision)
        + ProtoFields.SizeOf(request.MaxCreateRevision);

    private static int Of(in PutRequest request) =>
        ProtoFields.SizeOf(request.Key.Span)
        + ProtoFields.SizeOf(request.Value.Span)
        + ProtoFields.SizeOf(request.Lease)
        + ProtoFields.SizeOf(request.PrevKv)
        + ProtoFields.SizeOf(request.IgnoreValue)
        + ProtoFields.SizeOf(request.IgnoreLease);

    private static int Of(in DeleteRangeRequest request) =>
        ProtoFields.SizeOf(request.Key.Span) + ProtoFields.SizeOf(request.RangeEnd.Span) + ProtoFields.SizeOf(request.PrevKv);
}
