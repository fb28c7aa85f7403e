using System.Buffers;

namespace Etcdish.Store;

/// <summary>Encodes requests as a client would send them: the embedded store's way into the log, and the tests'.</summary>
public static class RequestEncoder
{
    /// <summary>Encodes etcdserverpb.RangeRequest.</summary>
    /// <param name="request">The request.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void Encode(RangeRequest request, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(request);
        ProtoFields.Write(output, 1, request.Key.Span);
        ProtoFields.Write(output, 2, request.RangeEnd.Span);
        ProtoFields.Write(output, 3, request.Limit);
        ProtoFields.Write(output, 4, request.Revision);
        ProtoFields.Write(output, 5, (long)request.SortOrder);
        ProtoFields.Write(output, 6, (long)request.SortTarget);
        ProtoFields.Write(output, 7, request.Serializable);
        ProtoFields.Write(output, 8, request.KeysOnly);
        ProtoFields.Write(output, 9, request.CountOnly);
        ProtoFields.Write(output, 10, request.MinModRevision);
        ProtoFields.Write(output, 11, request.MaxModRevision);
        ProtoFields.Write(output, 12, request.MinCreateRevision);
        ProtoFields.Write(output, 13, request.MaxCreateRevision);
    }

    /// <summary>Encodes etcdserverpb.PutRequest.</summary>
    /// <param name="request">The request.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void Encode(in PutRequest request, IBufferWriter<byte> output)
    {
        ProtoFields.Write(output, 1, request.Key.Span);
        ProtoFields.Write(output, 2, request.Value.Span);
        ProtoFields.Write(output, 3, request.Lease);
        ProtoFields.Write(output, 4, request.PrevKv);
        ProtoFields.Write(output, 5, request.IgnoreValue);
        ProtoFields.Write(output, 6, request.IgnoreLease);
    }

    /// <summary>Encodes etcdserverpb.DeleteRangeRequest.</summary>
    /// <param name="request">The request.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void Encode(in DeleteRangeRequest request, IBufferWriter<byte> output)
    {
        ProtoFields.Write(output, 1, request.Key.Span);
        ProtoFields.Write(output, 2, request.RangeEnd.Span);
        ProtoFields.Write(output, 3, request.PrevKv);
    }

    /// <summary>Encodes etcdserverpb.TxnRequest.</summary>
    /// <param name="request">The request.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void Encode(TxnRequest request, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(output);
        foreach (var compare in request.Compare)
        {
            ProtoFields.WriteLength(output, 1, RequestSizes.Of(compare));
            EncodeCompare(compare, output);
        }

        EncodeBranch(2, request.Success, output);
        EncodeBranch(3, request.Failure, output);
    }

    /// <summary>How many bytes a request is when it is encoded.</summary>
    /// <param name="request">The request.</param>
    public static int SizeOf(TxnRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return RequestSizes.Of(request);
    }

    /// <summary>Encodes etcdserverpb.CompactionRequest.</summary>
    /// <param name="request">The request.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void Encode(in CompactionRequest request, IBufferWriter<byte> output)
    {
        ProtoFields.Write(output, 1, request.Revision);
        ProtoFields.Write(output, 2, request.Physical);
    }

    /// <summary>Encodes etcdserverpb.LeaseGrantRequest.</summary>
    /// <param name="request">The request.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void Encode(in LeaseGrantRequest request, IBufferWriter<byte> output)
    {
        ProtoFields.Write(output, 1, request.TtlSeconds);
        ProtoFields.Write(output, 2, request.Id);
    }

    /// <summary>Encodes etcdserverpb.LeaseRevokeRequest.</summary>
    /// <param name="leaseId">The lease.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void EncodeLeaseRevoke(long leaseId, IBufferWriter<byte> output) => ProtoFields.Write(output, 1, leaseId);

    /// <summary>Encodes etcdserverpb.AlarmRequest.</summary>
    /// <param name="request">The request.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void Encode(in AlarmRequest request, IBufferWriter<byte> output)
    {
        ProtoFields.Write(output, 1, (long)request.Action);
        ProtoFields.Write(output, 2, request.MemberId);
        ProtoFields.Write(output, 3, (long)request.Type);
    }

    /// <summary>Appends one lease to the payload of <see cref="EntryKind.LeaseCheckpoint"/>.</summary>
    /// <param name="leaseId">The lease.</param>
    /// <param name="remainingSeconds">Seconds it has left.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void EncodeLeaseCheckpoint(long leaseId, long remainingSeconds, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var span = output.GetSpan(20);
        var length = ProtoFields.WriteVarint(span, (ulong)leaseId);
        output.Advance(length + ProtoFields.WriteVarint(span[length..], (ulong)remainingSeconds));
    }

    private static void EncodeBranch(int field, IReadOnlyList<RequestOp> ops, IBufferWriter<byte> output)
    {
        foreach (var op in ops)
        {
            if (op.Kind == RequestOpKind.None)
            {
                ProtoFields.WriteLength(output, field, 0);
                continue;
            }

            var size = RequestSizes.Of(op);
            ProtoFields.WriteLength(output, field, ProtoFields.LengthDelimitedSize(size));
            ProtoFields.WriteLength(output, (int)op.Kind, size);
            EncodeOp(op, output);
        }
    }

    private static void EncodeOp(RequestOp op, IBufferWriter<byte> body)
    {
        switch (op.Kind)
        {
            case RequestOpKind.Range:
                Encode(op.Range!, body);
                break;
            case RequestOpKind.Put:
                Encode(op.Put, body);
                break;
            case RequestOpKind.DeleteRange:
                Encode(op.DeleteRange, body);
                break;
            case RequestOpKind.Txn:
                Encode(op.Txn!, body);
                break;
        }
    }

    private static void EncodeCompare(Compare compare, IBufferWriter<byte> output)
    {
        ProtoFields.Write(output, 1, (long)compare.Result);
        ProtoFields.Write(output, 2, (long)compare.Target);
        ProtoFields.Write(output, 3, compare.Key.Span);
        ProtoFields.Write(output, 7, compare.Target == CompareTarget.Value ? compare.Value.Span : default);
        var field = RequestDecoder.NumberField(compare.Target);
        ProtoFields.Write(output, field, field == 0 ? 0 : compare.Number);
        if (!compare.RangeEnd.IsEmpty)
        {
            WriteRangeEnd(compare.RangeEnd.Span, output);
        }
    }

    // Field 64 is the one field of these messages whose tag takes two bytes.
    private static void WriteRangeEnd(ReadOnlySpan<byte> rangeEnd, IBufferWriter<byte> output)
    {
        var span = output.GetSpan(12);
        var length = ProtoFields.WriteVarint(span, 64 << 3 | ProtoReader.LengthDelimited);
        output.Advance(length + ProtoFields.WriteVarint(span[length..], (ulong)rangeEnd.Length));
        output.Write(rangeEnd);
    }
}
