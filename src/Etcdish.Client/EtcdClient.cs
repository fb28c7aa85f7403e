using Etcdish.Client.Calls;
using Etcdish.Client.Transport;

namespace Etcdish.Client;

/// <summary>
/// A client of etcd's v3 API, for any server that speaks it. One per cluster is enough: it is thread-safe and keeps its connections.
/// <para>
/// Calls go round the endpoints; one that fails is left alone for a while. A call is sent a second time only if that cannot do harm:
/// reads after Unavailable, writes only when no connection could be made at all. So a write that fails with Unavailable may have
/// happened; only the caller can know what to do then. Failures are <see cref="Rpc.RpcException"/>s with etcd's code and text.
/// </para>
/// </summary>
public sealed class EtcdClient : IAsyncDisposable
{
    private readonly EndpointSet _endpoints;
    private readonly TokenSource _tokens;

    /// <summary>Makes a client; connections open with the first call.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public EtcdClient(EtcdClientOptions options)
        : this(options, address => new RpcTransportChannel(address, options))
    {
    }

    internal EtcdClient(EtcdClientOptions options, Func<string, ITransportChannel> connect)
    {
        options.Validate();
        _endpoints = new EndpointSet(options, connect);
        _tokens = new TokenSource(options);
        CallInvoker calls = new(options, _endpoints, _tokens);
        Kv = new KvClient(calls);
        Watch = new WatchClient(calls);
        Lease = new LeaseClient(calls);
        Maintenance = new MaintenanceClient(calls);
        Cluster = new ClusterClient(calls);
    }

    /// <summary>Keys and values.</summary>
    public KvClient Kv { get; }

    /// <summary>Changes.</summary>
    public WatchClient Watch { get; }

    /// <summary>Leases.</summary>
    public LeaseClient Lease { get; }

    /// <summary>Care of members.</summary>
    public MaintenanceClient Maintenance { get; }

    /// <summary>Members.</summary>
    public ClusterClient Cluster { get; }

    /// <summary>Stops lease renewals and closes the connections. Watches still enumerated end with an error.</summary>
    public async ValueTask DisposeAsync()
    {
        await Lease.DisposeAsync();
        _endpoints.Dispose();
        _tokens.Dispose();
    }
}
