using Etcdish.Checkers;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Process.Recording;

/// <summary>Sends calls of a history to one server, without any retry: what the history shows is what happened on the wire.</summary>
internal sealed class Connection(string url, TimeSpan callTimeout) : IDisposable
{
    private readonly RpcChannel _channel = new(new Uri(url));

    public async Task<Reply> SendAsync(Call call) => call switch
    {
        PutCall put => Wire.Reply(await UnaryAsync("/etcdserverpb.KV/Put", Wire.Request(put), Protos.PutResponse.Parser)),
        RangeCall range => Wire.Reply(await UnaryAsync("/etcdserverpb.KV/Range", Wire.Request(range), Protos.RangeResponse.Parser)),
        DeleteCall delete =>
            Wire.Reply(await UnaryAsync("/etcdserverpb.KV/DeleteRange", Wire.Request(delete), Protos.DeleteRangeResponse.Parser)),
        TxnCall txn => Wire.Reply(await UnaryAsync("/etcdserverpb.KV/Txn", Wire.Request(txn), Protos.TxnResponse.Parser)),
        CompactCall compact => await CompactAsync(compact),
        GrantCall grant => await GrantAsync(grant),
        RevokeCall revoke => await RevokeAsync(revoke),
        KeepAliveCall keepAlive => await KeepAliveAsync(keepAlive),
        _ => throw new ArgumentException($"cannot send {call}", nameof(call)),
    };

    public DuplexCall<Protos.WatchRequest, Protos.WatchResponse> Watch(CancellationToken cancellation) =>
        _channel.Duplex<Protos.WatchRequest, Protos.WatchResponse>(
            "/etcdserverpb.Watch/Watch", Protos.WatchResponse.Parser, new CallOptions { CancellationToken = cancellation });

    public void Dispose() => _channel.Dispose();

    private Task<TResponse> UnaryAsync<TRequest, TResponse>(string method, TRequest request, MessageParser<TResponse> parser)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        _channel.UnaryAsync(method, request, parser, new CallOptions { Timeout = callTimeout });

    private async Task<CompactReply> CompactAsync(CompactCall compact)
    {
        var request = new Protos.CompactionRequest { Revision = compact.Revision };
        return new((await UnaryAsync("/etcdserverpb.KV/Compact", request, Protos.CompactionResponse.Parser)).Header.Revision);
    }

    private async Task<GrantReply> GrantAsync(GrantCall grant)
    {
        var request = new Protos.LeaseGrantRequest { ID = grant.Lease, TTL = grant.Seconds };
        Protos.LeaseGrantResponse response = await UnaryAsync("/etcdserverpb.Lease/LeaseGrant", request, Protos.LeaseGrantResponse.Parser);
        return new(response.Header.Revision, response.TTL);
    }

    private async Task<RevokeReply> RevokeAsync(RevokeCall revoke)
    {
        var request = new Protos.LeaseRevokeRequest { ID = revoke.Lease };
        return new((await UnaryAsync("/etcdserverpb.Lease/LeaseRevoke", request, Protos.LeaseRevokeResponse.Parser)).Header.Revision);
    }

    private async Task<KeepAliveReply> KeepAliveAsync(KeepAliveCall keepAlive)
    {
        using DuplexCall<Protos.LeaseKeepAliveRequest, Protos.LeaseKeepAliveResponse> stream =
            _channel.Duplex<Protos.LeaseKeepAliveRequest, Protos.LeaseKeepAliveResponse>(
                "/etcdserverpb.Lease/LeaseKeepAlive", Protos.LeaseKeepAliveResponse.Parser, new CallOptions { Timeout = callTimeout });
        await stream.WriteAsync(new Protos.LeaseKeepAliveRequest { ID = keepAlive.Lease });
        Protos.LeaseKeepAliveResponse response = await stream.ReadAsync()
            ?? throw new RpcException(StatusCode.Unavailable, "the stream of renewals ended without an answer");
        return new KeepAliveReply(response.Header.Revision, response.TTL);
    }
}
