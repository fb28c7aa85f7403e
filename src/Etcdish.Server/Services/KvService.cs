using System.Buffers;
using System.Runtime.CompilerServices;
using Etcdish.Cluster;
using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Store;
using CompactionRequest = Etcdish.Store.CompactionRequest;
using DeleteRangeRequest = Etcdish.Store.DeleteRangeRequest;
using PutRequest = Etcdish.Store.PutRequest;
using RangeRequest = Etcdish.Store.RangeRequest;
using ResponseHeader = Etcdish.Store.ResponseHeader;
using TxnRequest = Etcdish.Store.TxnRequest;

namespace Etcdish.Server.Services;

/// <summary>
/// etcdserverpb.KV on bytes: a write's request goes into the log as it came, and an answer goes from the index and the log straight into
/// the transport's buffer.
/// </summary>
internal sealed class KvService(ServiceContext context)
{
    private const int BytesPerFlush = 64 * 1024;

    private readonly Node _node = context.Node;

    [ThreadStatic]
    private static RangeResult? _spareResult;

    public void Register(RpcServices services) => services.AddService(KvReflection.Descriptor.Services.Single(s => s.Name == "KV"))
        .AddRaw("Range", context, RangeAsync)
        .AddRawStream("RangeStream", context, new RangeStreamMethod(context).InvokeAsync)
        .AddRaw("Put", context, PutAsync, inline: true)
        .AddRaw("DeleteRange", context, DeleteRangeAsync)
        .AddRaw("Txn", context, TxnAsync)
        .AddRaw("Compact", context, CompactAsync);

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder))]
    private async ValueTask RangeAsync(ReadOnlyMemory<byte> request, RpcResponse response, ServerCall call)
    {
        RangeRequest range = RequestDecoder.DecodeRange(request);
        EtcdErrors.ThrowIfRefused(RequestValidator.Check(range));
        context.AdmitRange(range);
        if (!range.Serializable)
        {
            await context.ReadBarrierAsync(call).ConfigureAwait(false);
        }

        RangeResult result = _spareResult ?? new RangeResult();
        _spareResult = null;
        using ReadScope scope = _node.Values.EnterRead();
        _node.Store.Range(range, result);
        context.Metrics.Ranges.Increment();
        var writer = new RangeResponseWriter(context.Header(result.HeaderRevision), result, _node.Values);
        IBufferWriter<byte> output = response.Begin(MessageLength(writer.Size));
        while (!writer.WriteSome(output, BytesPerFlush))
        {
            await response.FlushAsync().ConfigureAwait(false);
        }

        KeepForNext(result);
    }

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder))]
    private async ValueTask PutAsync(ReadOnlyMemory<byte> request, RpcResponse response, ServerCall call)
    {
        PutRequest put = RequestDecoder.DecodePut(request);
        EtcdErrors.ThrowIfRefused(RequestValidator.Check(put));
        await context.Quota.AdmitPutAsync(request).ConfigureAwait(false);
        using ReadScope scope = put.PrevKv ? _node.Values.EnterRead() : default;
        ApplyResult result = await context.ProposeAsync(EntryKind.Put, request).ConfigureAwait(false);
        context.Metrics.Puts.Increment();
        ResponseHeader header = context.Header(result.Revision);
        IBufferWriter<byte> output = response.Begin(ResponseEncoder.PutSize(header, result.PutPrevious));
        ResponseEncoder.WritePut(output, header, result.PutPrevious, _node.Values);
    }

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder))]
    private async ValueTask DeleteRangeAsync(ReadOnlyMemory<byte> request, RpcResponse response, ServerCall call)
    {
        DeleteRangeRequest deletion = RequestDecoder.DecodeDeleteRange(request);
        EtcdErrors.ThrowIfRefused(RequestValidator.Check(deletion));
        using ReadScope scope = deletion.PrevKv ? _node.Values.EnterRead() : default;
        ApplyResult result = await context.ProposeAsync(EntryKind.DeleteRange, request).ConfigureAwait(false);
        context.Metrics.Deletes.Increment();
        ResponseHeader header = context.Header(result.Revision);
        long size = ResponseEncoder.DeleteRangeSize(header, result.DeleteRange!);
        ResponseEncoder.WriteDeleteRange(response.Begin(MessageLength(size)), header, result.DeleteRange!, _node.Values);
    }

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder))]
    private async ValueTask TxnAsync(ReadOnlyMemory<byte> request, RpcResponse response, ServerCall call)
    {
        TxnRequest txn = RequestDecoder.DecodeTxn(request);
        EtcdErrors.ThrowIfRefused(RequestValidator.Check(txn, context.Options.MaxTxnOps));
        using ReadScope scope = _node.Values.EnterRead();
        TxnResult answer;
        long revision;
        if (RevisionStore.IsReadOnly(txn))
        {
            if (!RevisionStore.IsSerializable(txn))
            {
                await context.ReadBarrierAsync(call).ConfigureAwait(false);
            }

            answer = _node.Store.ReadOnlyTxn(txn, out revision);
        }
        else
        {
            await context.Quota.AdmitTxnAsync(txn, request).ConfigureAwait(false);
            ApplyResult result = await context.ProposeAsync(EntryKind.Txn, request).ConfigureAwait(false);
            (answer, revision) = (result.Txn!, result.Revision);
        }

        context.Metrics.Txns.Increment();
        ResponseHeader header = context.Header(revision);
        IBufferWriter<byte> output = response.Begin(MessageLength(ResponseEncoder.TxnSize(header, answer)));
        ResponseEncoder.WriteTxn(output, header, answer, _node.Values);
    }

    private async ValueTask CompactAsync(ReadOnlyMemory<byte> request, RpcResponse response, ServerCall call)
    {
        CompactionRequest compaction = RequestDecoder.DecodeCompaction(request);
        ApplyResult result = await context.ProposeAsync(EntryKind.Compact, request).ConfigureAwait(false);
        if (compaction.Physical)
        {
            await _node.FinishCompactionAsync(call.CancellationToken).ConfigureAwait(false);
        }

        response.Write(new CompactionResponse { Header = context.HeaderMessage(result.Revision) });
    }

    private static int MessageLength(long size) => size <= int.MaxValue
        ? (int)size
        : throw new RpcException(
            StatusCode.ResourceExhausted, $"grpc: trying to send message larger than max ({size} vs. {int.MaxValue}); use a limit or RangeStream");

    // A giant answer's list is not kept: it would pin its versions.
    private static void KeepForNext(RangeResult result)
    {
        const int KeptRevisions = 256;
        if (result.Revisions.Capacity <= KeptRevisions)
        {
            result.Clear();
            _spareResult = result;
        }
    }
}
