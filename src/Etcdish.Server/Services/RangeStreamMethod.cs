using System.Buffers;
using Etcdish.Cluster;
using Etcdish.Rpc;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>
/// KV.RangeStream: one range in pieces, which merged are the answer of Range. The range is taken once, as references, so a compaction or
/// later writes cannot disturb it; values are read piece by piece as the client takes them.
/// </summary>
internal sealed class RangeStreamMethod(ServiceContext context)
{
    private const int PieceBytes = 256 * 1024;

    public async ValueTask InvokeAsync(RpcRequests requests, RpcResponse responses, ServerCall call)
    {
        if (!await requests.MoveNextAsync().ConfigureAwait(false))
        {
            throw new RpcException(StatusCode.Internal, "the request message is missing");
        }

        RangeRequest range = RequestDecoder.DecodeRange(requests.Current);
        Check(range);
        Node node = context.Node;
        if (!range.Serializable)
        {
            await node.ReadBarrierAsync(call.CancellationToken).ConfigureAwait(false);
        }

        using ReadScope scope = node.Values.EnterRead();
        RangeResult result = node.Store.Range(range);
        context.Metrics.Ranges.Increment();
        KeyValueParts parts = (result.KeysOnly ? KeyValueParts.OmitValue : KeyValueParts.All)
            | (result.OmitsLeases ? KeyValueParts.OmitLease : KeyValueParts.All);
        int next = 0;
        do
        {
            next = WritePiece(responses, result, next, parts);
            await responses.FlushAsync().ConfigureAwait(false);
        }
        while (next < result.Revisions.Count);
    }

    private static void Check(RangeRequest range)
    {
        EtcdErrors.ThrowIfRefused(RequestValidator.Check(range));
        bool isKeyOrder = range.SortOrder == SortOrder.None
            || (range.SortOrder == SortOrder.Ascend && range.SortTarget == SortTarget.Key);
        if (!isKeyOrder)
        {
            throw new RpcException(StatusCode.Unimplemented, "RangeStream does not support custom sort orders");
        }

        if ((range.MinModRevision | range.MaxModRevision | range.MinCreateRevision | range.MaxCreateRevision) != 0)
        {
            throw new RpcException(StatusCode.Unimplemented, "RangeStream does not support revision filters");
        }
    }

    /// <summary>Writes RangeStreamResponse{range_response=1}: pairs of about a piece's size, and in the last one header, more and count.</summary>
    /// <returns>The index of the first pair that is left.</returns>
    private int WritePiece(RpcResponse responses, RangeResult result, int first, KeyValueParts parts)
    {
        int end = first;
        int size = 0;
        for (; end < result.Revisions.Count && size < PieceBytes; end++)
        {
            size += WireWriter.FieldSize(KeyValueEncoder.Size(result.Revisions[end], parts));
        }

        bool isLast = end == result.Revisions.Count;
        ResponseHeader header = context.Header(result.HeaderRevision);
        int tailSize = isLast
            ? WireWriter.FieldSize(header.Size()) + WireWriter.FieldSize(result.More ? 1L : 0) + WireWriter.FieldSize(result.Count)
            : 0;
        IBufferWriter<byte> output = responses.Begin(WireWriter.FieldSize(size + tailSize));
        WireWriter.BeginField(output, 1, size + tailSize);
        if (isLast)
        {
            WireWriter.WriteHeader(output, header, header.Size());
        }

        for (int i = first; i < end; i++)
        {
            WireWriter.BeginField(output, 2, KeyValueEncoder.Size(result.Revisions[i], parts));
            KeyValueEncoder.Write(output, result.Revisions[i], context.Node.Values, parts);
        }

        if (isLast)
        {
            WireWriter.WriteField(output, 3, result.More ? 1 : 0);
            WireWriter.WriteField(output, 4, result.Count);
        }

        return end;
    }
}
