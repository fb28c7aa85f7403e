using System.Runtime.CompilerServices;
using Etcdish.Client.Calls;
using Etcdish.Client.Transport;
using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Client;

/// <summary>Reads and writes keys. Requests and answers are the API's own messages; helpers cover the common ones.</summary>
public sealed class KvClient
{
    private readonly CallInvoker _calls;

    internal KvClient(CallInvoker calls)
    {
        _calls = calls;
    }

    /// <summary>Reads keys; linearizable unless the request says serializable.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public Task<RangeResponse> RangeAsync(RangeRequest request, CancellationToken cancellationToken = default) =>
        _calls.ReadAsync(EtcdMethods.Range, request, cancellationToken);

    /// <summary>Reads every key of a range as it is now.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public Task<RangeResponse> RangeAsync(KeyRange range, CancellationToken cancellationToken = default) =>
        RangeAsync(new RangeRequest { Key = range.Key, RangeEnd = range.End }, cancellationToken);

    /// <summary>Reads one key; null when it does not exist.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public async Task<KeyValue?> GetAsync(string key, CancellationToken cancellationToken = default)
    {
        RangeResponse response = await RangeAsync(KeyRange.One(key), cancellationToken);
        return response.Kvs.Count == 0 ? null : response.Kvs[0];
    }

    /// <summary>
    /// Reads keys in chunks, all of one revision (etcd 3.7; older servers answer Unimplemented). Header, more and count come last.
    /// A stream that breaks is not resumed.
    /// </summary>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public async IAsyncEnumerable<RangeResponse> RangeStreamAsync(
        RangeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (RangeStreamResponse chunk in _calls.StreamAsync(EtcdMethods.RangeStream, request, cancellationToken))
        {
            yield return chunk.RangeResponse;
        }
    }

    /// <summary>Writes one key.</summary>
    /// <exception cref="Rpc.RpcException">The call failed. Unavailable or DeadlineExceeded: the write may yet have happened.</exception>
    public Task<PutResponse> PutAsync(PutRequest request, CancellationToken cancellationToken = default) =>
        _calls.WriteAsync(EtcdMethods.Put, request, cancellationToken);

    /// <summary>Writes one key; key and value as UTF-8.</summary>
    /// <exception cref="Rpc.RpcException">The call failed. Unavailable or DeadlineExceeded: the write may yet have happened.</exception>
    public Task<PutResponse> PutAsync(string key, string value, CancellationToken cancellationToken = default) =>
        PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value) }, cancellationToken);

    /// <summary>Deletes keys.</summary>
    /// <exception cref="Rpc.RpcException">The call failed. Unavailable or DeadlineExceeded: the delete may yet have happened.</exception>
    public Task<DeleteRangeResponse> DeleteAsync(DeleteRangeRequest request, CancellationToken cancellationToken = default) =>
        _calls.WriteAsync(EtcdMethods.DeleteRange, request, cancellationToken);

    /// <summary>Deletes every key of a range.</summary>
    /// <exception cref="Rpc.RpcException">The call failed. Unavailable or DeadlineExceeded: the delete may yet have happened.</exception>
    public Task<DeleteRangeResponse> DeleteAsync(KeyRange range, CancellationToken cancellationToken = default) =>
        DeleteAsync(new DeleteRangeRequest { Key = range.Key, RangeEnd = range.End }, cancellationToken);

    /// <summary>Starts to put a transaction together.</summary>
    public TxnBuilder Txn() => new(this);

    /// <summary>Runs a transaction.</summary>
    /// <exception cref="Rpc.RpcException">The call failed. Unavailable or DeadlineExceeded: its writes may yet have happened.</exception>
    public Task<TxnResponse> TxnAsync(TxnRequest request, CancellationToken cancellationToken = default) => OnlyReads(request)
        ? _calls.ReadAsync(EtcdMethods.Txn, request, cancellationToken)
        : _calls.WriteAsync(EtcdMethods.Txn, request, cancellationToken);

    /// <summary>Gives up history below a revision.</summary>
    /// <param name="revision">Oldest revision to stay readable.</param>
    /// <param name="physical">Wait until the space was given up, too.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="Rpc.RpcException">OutOfRange: already compacted, or a revision yet to come.</exception>
    public Task<CompactionResponse> CompactAsync(long revision, bool physical, CancellationToken cancellationToken = default) =>
        _calls.WriteAsync(EtcdMethods.Compact, new CompactionRequest { Revision = revision, Physical = physical }, cancellationToken);

    private static bool OnlyReads(TxnRequest request) => request.Success.All(OnlyReads) && request.Failure.All(OnlyReads);

    private static bool OnlyReads(RequestOp op) => op.RequestCase switch
    {
        RequestOp.RequestOneofCase.RequestRange => true,
        RequestOp.RequestOneofCase.RequestTxn => OnlyReads(op.RequestTxn),
        _ => false,
    };
}
