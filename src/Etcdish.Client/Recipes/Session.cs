using Etcdish.Protos;

namespace Etcdish.Client;

/// <summary>
/// A lease kept alive for as long as its holder is: what locks and leaderships hang on. When <see cref="Lost"/> fires, everything
/// acquired through the session may already belong to somebody else.
/// </summary>
public sealed class Session : IAsyncDisposable
{
    private readonly KeptLease _lease;

    private Session(EtcdClient client, KeptLease lease)
    {
        Client = client;
        _lease = lease;
    }

    /// <summary>The client it was opened with.</summary>
    public EtcdClient Client { get; }

    /// <summary>Its lease.</summary>
    public long Lease => _lease.Id;

    /// <summary>Cancelled once the lease is gone.</summary>
    public CancellationToken Lost => _lease.Lost;

    /// <summary>Makes a lease and starts to renew it.</summary>
    /// <param name="client">Client to use.</param>
    /// <param name="ttlSeconds">Time after which a dead process gives up its locks; above zero, raised to the server's least.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="Rpc.RpcException">The lease could not be made.</exception>
    public static async Task<Session> OpenAsync(EtcdClient client, long ttlSeconds, CancellationToken cancellationToken = default)
    {
        LeaseGrantResponse granted = await client.Lease.GrantAsync(ttlSeconds, cancellationToken);
        return new Session(client, client.Lease.KeepAlive(granted));
    }

    /// <summary>Stops the renewals and revokes the lease, which gives up all that hangs on it at once.</summary>
    /// <exception cref="Rpc.RpcException">The server could not be told; the lease ends by itself when its time is up.</exception>
    public async ValueTask DisposeAsync()
    {
        _lease.Dispose();
        if (!Lost.IsCancellationRequested)
        {
            try
            {
                await Client.Lease.RevokeAsync(Lease);
            }
            catch (Rpc.RpcException e) when (e.Code == Rpc.StatusCode.NotFound)
            {
                // It expired in the meantime, which is what was wanted.
            }
        }
    }
}
