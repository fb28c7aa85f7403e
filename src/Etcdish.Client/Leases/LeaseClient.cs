using Etcdish.Client.Calls;
using Etcdish.Client.Transport;
using Etcdish.Protos;

namespace Etcdish.Client;

/// <summary>Leases: keys put with a lease are deleted when it is revoked or not renewed in time.</summary>
public sealed class LeaseClient : IAsyncDisposable
{
    private readonly CallInvoker _calls;
    private readonly LeaseKeeper _keeper;

    internal LeaseClient(CallInvoker calls)
    {
        _calls = calls;
        _keeper = new LeaseKeeper(calls);
    }

    /// <summary>Makes a lease whose id the server chooses. The answer's TTL counts: the server may have raised it.</summary>
    /// <param name="ttlSeconds">Time to live, more than zero.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="Rpc.RpcException">The call failed. Unavailable: a lease may have been made, and will expire.</exception>
    public Task<LeaseGrantResponse> GrantAsync(long ttlSeconds, CancellationToken cancellationToken = default) =>
        GrantAsync(new LeaseGrantRequest { TTL = ttlSeconds }, cancellationToken);

    /// <summary>Makes a lease.</summary>
    /// <exception cref="Rpc.RpcException">FailedPrecondition: the id is taken. OutOfRange: the TTL is too long.</exception>
    public Task<LeaseGrantResponse> GrantAsync(LeaseGrantRequest request, CancellationToken cancellationToken = default) =>
        _calls.WriteAsync(EtcdMethods.LeaseGrant, request, cancellationToken);

    /// <summary>Ends a lease and deletes its keys.</summary>
    /// <exception cref="Rpc.RpcException">NotFound: no such lease (any more).</exception>
    public Task<LeaseRevokeResponse> RevokeAsync(long lease, CancellationToken cancellationToken = default) =>
        _calls.WriteAsync(EtcdMethods.LeaseRevoke, new LeaseRevokeRequest { ID = lease }, cancellationToken);

    /// <summary>How long a lease still lives; TTL −1 when there is none.</summary>
    /// <param name="lease">Lease id.</param>
    /// <param name="withKeys">List the keys attached, too.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public Task<LeaseTimeToLiveResponse> TimeToLiveAsync(long lease, bool withKeys, CancellationToken cancellationToken = default) =>
        _calls.ReadAsync(EtcdMethods.LeaseTimeToLive, new LeaseTimeToLiveRequest { ID = lease, Keys = withKeys }, cancellationToken);

    /// <summary>The ids of all leases.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public Task<LeaseLeasesResponse> ListAsync(CancellationToken cancellationToken = default) =>
        _calls.ReadAsync(EtcdMethods.LeaseLeases, new LeaseLeasesRequest(), cancellationToken);

    /// <summary>Renews a lease once; TTL 0 in the answer when there is none.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public async Task<LeaseKeepAliveResponse> KeepAliveOnceAsync(long lease, CancellationToken cancellationToken = default)
    {
        using OpenedStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse> opened =
            await _calls.OpenDuplexAsync(EtcdMethods.LeaseKeepAlive, cancellationToken);
        await opened.Stream.WriteAsync(new LeaseKeepAliveRequest { ID = lease });
        await foreach (LeaseKeepAliveResponse response in opened.Stream.ReadAllAsync())
        {
            return response;
        }

        throw new Rpc.RpcException(Rpc.StatusCode.Unavailable, "the server ended the keep-alive stream without an answer");
    }

    /// <summary>
    /// Renews a lease, over and over, until the result is disposed. All leases of this client share one stream. Disposing does not revoke.
    /// </summary>
    /// <param name="granted">What <see cref="GrantAsync(long, CancellationToken)"/> answered.</param>
    public KeptLease KeepAlive(LeaseGrantResponse granted) => _keeper.Add(granted.ID, TimeSpan.FromSeconds(granted.TTL));

    /// <summary>Stops all renewals.</summary>
    public ValueTask DisposeAsync() => _keeper.DisposeAsync();
}
