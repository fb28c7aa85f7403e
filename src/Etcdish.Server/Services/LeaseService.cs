using System.Buffers;
using Etcdish.Cluster;
using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Store;
using Google.Protobuf;
using LeaseGrantRequest = Etcdish.Protos.LeaseGrantRequest;
using ResponseHeader = Etcdish.Store.ResponseHeader;

namespace Etcdish.Server.Services;

/// <summary>etcdserverpb.Lease.</summary>
internal sealed class LeaseService(ServiceContext context)
{
    private readonly Node _node = context.Node;

    public void Register(RpcServices services) => services.AddService(LeaseReflection.Descriptor.Services.Single())
        .Add<LeaseGrantRequest, LeaseGrantResponse>("LeaseGrant", context, GrantAsync)
        .AddRaw("LeaseRevoke", context, RevokeAsync)
        .AddRawStream("LeaseKeepAlive", context, KeepAliveAsync)
        .Add<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse>("LeaseTimeToLive", context, TimeToLiveAsync)
        .Add<LeaseLeasesRequest, LeaseLeasesResponse>("LeaseLeases", context, ListAsync);

    private async ValueTask<LeaseGrantResponse> GrantAsync(LeaseGrantRequest request, ServerCall call)
    {
        await context.Quota.AdmitLeaseAsync().ConfigureAwait(false);
        ApplyResult result = await _node.GrantLeaseAsync(request.ID, request.TTL).ConfigureAwait(false);
        EtcdErrors.ThrowIfRefused(result.Error);
        context.Metrics.LeaseGranted(result.LeaseTtl);
        return new LeaseGrantResponse { Header = context.HeaderMessage(result.Revision), ID = result.LeaseId, TTL = result.LeaseTtl };
    }

    private async ValueTask RevokeAsync(ReadOnlyMemory<byte> request, RpcResponse response, ServerCall call)
    {
        RequestDecoder.DecodeLeaseRevoke(request);
        ApplyResult result = await context.ProposeAsync(EntryKind.LeaseRevoke, request).ConfigureAwait(false);
        context.Metrics.LeasesRevoked.Increment();
        response.Write(new LeaseRevokeResponse { Header = context.HeaderMessage(result.Revision) });
    }

    private async ValueTask KeepAliveAsync(RpcRequests requests, RpcResponse responses, ServerCall call)
    {
        while (await requests.MoveNextAsync().ConfigureAwait(false))
        {
            // LeaseKeepAliveRequest has the shape of LeaseRevokeRequest: the ID alone.
            long id = RequestDecoder.DecodeLeaseRevoke(requests.Current);

            // etcd takes the header before it renews, so that the revision is not from after it.
            ResponseHeader header = context.Header(_node.Store.CurrentRevision);
            long ttl = await _node.RenewLeaseAsync(id).ConfigureAwait(false);
            context.Metrics.LeasesRenewed.Increment();
            WriteKeepAlive(responses, header, id, ttl);
            await responses.FlushAsync().ConfigureAwait(false);
        }
    }

    /// <summary>LeaseKeepAliveResponse: header=1 ID=2 TTL=3.</summary>
    private static void WriteKeepAlive(RpcResponse responses, in ResponseHeader header, long id, long ttl)
    {
        int headerSize = header.Size();
        IBufferWriter<byte> output = responses.Begin(
            WireWriter.FieldSize(headerSize) + WireWriter.FieldSize(id) + WireWriter.FieldSize(ttl));
        WireWriter.WriteHeader(output, header, headerSize);
        WireWriter.WriteField(output, 2, id);
        WireWriter.WriteField(output, 3, ttl);
    }

    private async ValueTask<LeaseTimeToLiveResponse> TimeToLiveAsync(LeaseTimeToLiveRequest request, ServerCall call)
    {
        Cluster.LeaseStatus? found = await _node.TimeToLiveAsync(request.ID, request.Keys, call.CancellationToken).ConfigureAwait(false);
        var response = new LeaseTimeToLiveResponse
        {
            Header = context.HeaderMessage(_node.Store.CurrentRevision),
            ID = request.ID,
            TTL = -1,
        };
        if (found is not { } lease)
        {
            return response;
        }

        response.TTL = (long)lease.Remaining.TotalSeconds;
        response.GrantedTTL = (long)lease.GrantedTtl.TotalSeconds;
        if (request.Keys)
        {
            foreach (Bytes key in lease.Keys)
            {
                response.Keys.Add(ByteString.CopyFrom(key.Span));
            }
        }

        return response;
    }

    private async ValueTask<LeaseLeasesResponse> ListAsync(LeaseLeasesRequest request, ServerCall call)
    {
        await context.ReadBarrierAsync(call).ConfigureAwait(false);
        var response = new LeaseLeasesResponse { Header = context.HeaderMessage(_node.Store.CurrentRevision) };
        foreach (long id in _node.LeaseIds())
        {
            response.Leases.Add(new Protos.LeaseStatus { ID = id });
        }

        return response;
    }
}
