using System.Buffers;

namespace Etcdish.Store;

/// <summary>
/// Encodes the answers of the KV service with etcd's exact bytes. Sizes are known before any value is read. Large ranges are better sent
/// by <see cref="RangeResponseWriter"/>, which can stop for a flush.
/// </summary>
public static class ResponseEncoder
{
    /// <summary>Bytes of a PutResponse.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="previous">The replaced version, or null.</param>
    public static int PutSize(in ResponseHeader header, KeyRevision? previous) =>
        header.FieldSize() + (previous is null ? 0 : KeyValueEncoder.FieldSize(previous));

    /// <summary>Writes etcdserverpb.PutResponse: header=1 prev_kv=2.</summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="header">Its header.</param>
    /// <param name="previous">The replaced version, or null.</param>
    /// <param name="values">Gives the value; the caller is inside a <see cref="ReadScope"/> of it.</param>
    public static void WritePut(IBufferWriter<byte> output, in ResponseHeader header, KeyRevision? previous, IValueSource values)
    {
        header.WriteField(output);
        if (previous is not null)
        {
            KeyValueEncoder.WriteField(output, 2, previous, values);
        }
    }

    /// <summary>Bytes of a DeleteRangeResponse.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="result">What was deleted.</param>
    public static long DeleteRangeSize(in ResponseHeader header, DeleteRangeResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        long size = header.FieldSize() + ProtoFields.SizeOf(result.Deleted);
        foreach (var version in result.Previous)
        {
            size += KeyValueEncoder.FieldSize(version);
        }

        return size;
    }

    /// <summary>Writes etcdserverpb.DeleteRangeResponse: header=1 deleted=2 prev_kvs=3.</summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="header">Its header.</param>
    /// <param name="result">What was deleted.</param>
    /// <param name="values">Gives the values; the caller is inside a <see cref="ReadScope"/> of it.</param>
    public static void WriteDeleteRange(IBufferWriter<byte> output, in ResponseHeader header, DeleteRangeResult result, IValueSource values)
    {
        ArgumentNullException.ThrowIfNull(result);
        header.WriteField(output);
        ProtoFields.Write(output, 2, result.Deleted);
        foreach (var version in result.Previous)
        {
            KeyValueEncoder.WriteField(output, 3, version, values);
        }
    }

    /// <summary>Bytes of a TxnResponse.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="result">What the transaction did.</param>
    public static long TxnSize(in ResponseHeader header, TxnResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        long size = header.FieldSize() + ProtoFields.SizeOf(result.Succeeded);
        foreach (var op in result.Responses)
        {
            size += ProtoFields.LengthDelimitedSize(ProtoFields.LengthDelimitedSize(OpSize(op)));
        }

        return size;
    }

    /// <summary>
    /// Writes etcdserverpb.TxnResponse: header=1 succeeded=2 responses=3. Only the outermost header is complete: those of the operations
    /// carry a revision alone, that of a nested transaction nothing, as etcd's.
    /// </summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="header">Its header.</param>
    /// <param name="result">What the transaction did.</param>
    /// <param name="values">Gives the values; the caller is inside a <see cref="ReadScope"/> of it.</param>
    public static void WriteTxn(IBufferWriter<byte> output, in ResponseHeader header, TxnResult result, IValueSource values)
    {
        ArgumentNullException.ThrowIfNull(result);
        header.WriteField(output);
        ProtoFields.Write(output, 2, result.Succeeded);
        foreach (var op in result.Responses)
        {
            var size = OpSize(op);
            ProtoFields.WriteLength(output, 3, ProtoFields.LengthDelimitedSize(size));
            ProtoFields.WriteLength(output, (int)op.Kind, size);
            WriteOp(output, op, values);
        }
    }

    private static ResponseHeader HeaderOf(OpResult op) => new(0, 0, op.HeaderRevision, 0);

    private static long OpSize(OpResult op) => op.Kind switch
    {
        RequestOpKind.Range => RangeResponseWriter.SizeOf(HeaderOf(op), op.Range!),
        RequestOpKind.Put => PutSize(HeaderOf(op), op.PutPrevious),
        RequestOpKind.DeleteRange => DeleteRangeSize(HeaderOf(op), op.DeleteRange!),
        RequestOpKind.Txn => TxnSize(HeaderOf(op), op.Txn!),
        _ => throw new InvalidOperationException($"no answer of kind {op.Kind} exists"),
    };

    private static void WriteOp(IBufferWriter<byte> output, OpResult op, IValueSource values)
    {
        switch (op.Kind)
        {
            case RequestOpKind.Range:
                new RangeResponseWriter(HeaderOf(op), op.Range!, values).WriteSome(output, long.MaxValue);
                break;
            case RequestOpKind.Put:
                WritePut(output, HeaderOf(op), op.PutPrevious, values);
                break;
            case RequestOpKind.DeleteRange:
                WriteDeleteRange(output, HeaderOf(op), op.DeleteRange!, values);
                break;
            default:
                WriteTxn(output, HeaderOf(op), op.Txn!, values);
                break;
        }
    }
}
