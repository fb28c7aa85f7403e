using System.Net;
using Etcdish.Cluster;
using Etcdish.Rpc;
using Etcdish.Server.Configuration;
using Etcdish.Server.Gateway;
using Etcdish.Server.Http;
using Etcdish.Server.Logging;
using Etcdish.Server.Metrics;
using Etcdish.Server.Services;
using Etcdish.Store;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Server;

/// <summary>
/// An etcd server in this process: a node, etcd's services over it, and the ports. Start it, use <see cref="ClientUrls"/>, dispose it.
/// <see cref="Failed"/> completes when it can no longer vouch for its data; whoever hosts it must then end it, loudly.
/// </summary>
public sealed class EtcdServer : IAsyncDisposable
{
    private static readonly TimeSpan _drainTime = TimeSpan.FromSeconds(5);

    private readonly ServerOptions _options;
    private readonly TimeProvider _clock;
    private readonly ServerLog _log;
    private readonly MetricRegistry _registry = new();
    private readonly RpcMetrics _rpcMetrics;
    private readonly ServerMetrics _metrics;
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<RpcServer> _servers = [];
    private Node? _node;
    private LeadershipMonitor? _leadership;
    private Task _compaction = Task.CompletedTask;
    private int _disposed;

    private EtcdServer(ServerOptions options, ServerLog log, TimeProvider clock)
    {
        _options = options;
        _log = log;
        _clock = clock;
        ProcessMetrics.Register(_registry);
        _rpcMetrics = new RpcMetrics(_registry, options.ExtensiveMetrics) { OnCallEnded = ReportSlowCall };
        _metrics = new ServerMetrics(_registry);
        _registry.AddCounter("etcdish_log_lines_dropped_total", "Log lines dropped because an output did not keep up.", () => log.Dropped);
    }

    /// <summary>The node under the services.</summary>
    public Node Node => _node ?? throw new InvalidOperationException("The server has not started.");

    /// <summary>Where clients are served, with the ports that were bound.</summary>
    public IReadOnlyList<string> ClientUrls { get; private set; } = [];

    /// <summary>Where metrics alone are served, with the ports that were bound.</summary>
    public IReadOnlyList<string> MetricsUrls { get; private set; } = [];

    /// <summary>Completes, with the reason, when the server must not go on: a failed sync, damaged data, an impossible state.</summary>
    public Task<Exception> Failed => _failed.Task;

    internal ServerLog Log => _log;

    /// <summary>Opens the data directory and serves.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="cancellation">Gives up the start.</param>
    /// <exception cref="OptionException">A setting cannot be carried out, such as a certificate that cannot be read.</exception>
    /// <exception cref="IOException">A port is taken, or the data directory cannot be used.</exception>
    public static Task<EtcdServer> StartAsync(ServerOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return StartAsync(options, LogOutputs.Open(options, TimeProvider.System), TimeProvider.System, cancellation);
    }

    internal static async Task<EtcdServer> StartAsync(
        ServerOptions options, ServerLog log, TimeProvider clock, CancellationToken cancellation)
    {
        var server = new EtcdServer(options, log, clock);
        try
        {
            await server.StartAsync(cancellation).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Stops: takes no more connections, lets calls finish for five seconds, ends streams so that their clients go elsewhere, and closes
    /// the data directory.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _log.Info("closing etcd server", [new("name", _options.Name), new("data-dir", _options.DataDirectory)]);
        if (_leadership is not null)
        {
            await _leadership.HandOverAsync().ConfigureAwait(false);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        foreach (RpcServer server in _servers)
        {
            await server.StopAsync(_drainTime).ConfigureAwait(false);
            await server.DisposeAsync().ConfigureAwait(false);
        }

        await _compaction.ConfigureAwait(false);
        if (_leadership is not null)
        {
            await _leadership.DisposeAsync().ConfigureAwait(false);
        }

        if (_node is not null)
        {
            await _node.DisposeAsync().ConfigureAwait(false);
        }

        _stopping.Dispose();
        _log.Info("closed etcd server", [new("name", _options.Name), new("data-dir", _options.DataDirectory)]);
        await _log.DisposeAsync().ConfigureAwait(false);
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        StartupLog.Starting(_log, _options);
        Task warmUp = WarmUp.RunAsync();
        _node = await Node.OpenAsync(NodeOptionsOf(_options), cancellation).ConfigureAwait(false);
        ServerMetrics.RegisterNode(_registry, _node, _options.QuotaBytes);
        _ = WatchNodeAsync(_node);
        _leadership = new LeadershipMonitor(_node, _options, _log, _clock);
        var health = new HealthEndpoints(new NodeServerState(_node), _options.RequestTimeout, _log, new HealthMetrics(_registry));
        await ServeMetricsAsync(health, cancellation).ConfigureAwait(false);
        await _leadership.StartAsync(Failed, cancellation).ConfigureAwait(false);
        StartupLog.NodeReady(_log, _node, _options);

        await warmUp.ConfigureAwait(false);
        var context = new ServiceContext(_node, _options, _log, _metrics, _leadership, _stopping.Token);
        await ServeClientsAsync(context, health, cancellation).ConfigureAwait(false);
        StartupLog.Serving(_log, _node, _options, ClientUrls, MetricsUrls);

        var compactor = new AutoCompactor(_node, _options, _log, _clock);
        _compaction = compactor.IsEnabled ? CompactAsync(compactor) : Task.CompletedTask;
    }

    private async Task ServeClientsAsync(ServiceContext context, HealthEndpoints health, CancellationToken cancellation)
    {
        RpcServer? rpc = null;
        JsonGateway? gateway = _options.EnableGateway
            ? new JsonGateway(request => rpc!.RunAsync(request), _options.MaxRequestBytes)
            : null;
        var http = new HttpEndpoints(new AccessControl(_options, _log), health, _registry, gateway);
        bool isSplit = _options.ListenClientHttpUrls.Count > 0;
        IReadOnlyList<RpcEndpoint> endpoints = Endpoints.Of(_options.ListenClientUrls, _options.ClientTls, _options);
        rpc = new RpcServer(RpcOptions(endpoints, Services(context), isSplit ? null : http.HandleAsync));
        _rpcMetrics.Attach(rpc.Methods);
        ClientUrls = await BindAsync(rpc, endpoints, _options.ListenClientUrls, cancellation).ConfigureAwait(false);
        if (isSplit)
        {
            endpoints = Endpoints.Of(_options.ListenClientHttpUrls, _options.ClientTls, _options);
            var httpOnly = new RpcServer(RpcOptions(endpoints, new RpcServices(), http.HandleAsync));
            await BindAsync(httpOnly, endpoints, _options.ListenClientHttpUrls, cancellation).ConfigureAwait(false);
        }
    }

    private async Task ServeMetricsAsync(HealthEndpoints health, CancellationToken cancellation)
    {
        if (_options.ListenMetricsUrls.Count == 0)
        {
            return;
        }

        var http = new HttpEndpoints(new AccessControl(_options, _log), health, _registry, gateway: null);
        IReadOnlyList<RpcEndpoint> endpoints = Endpoints.Of(_options.ListenMetricsUrls, _options.ClientTls, _options);
        var server = new RpcServer(RpcOptions(endpoints, new RpcServices(), http.ObserveAsync));
        MetricsUrls = await BindAsync(server, endpoints, _options.ListenMetricsUrls, cancellation).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<string>> BindAsync(
        RpcServer server, IReadOnlyList<RpcEndpoint> endpoints, IReadOnlyList<EtcdUrl> urls, CancellationToken cancellation)
    {
        _servers.Add(server);
        await server.StartAsync(cancellation).ConfigureAwait(false);
        return [.. urls.Zip(endpoints, (url, bound) => bound.EndPoint is IPEndPoint { Port: var port } ? url with { Port = port } : url)
            .Select(url => url.ToString())];
    }

    private RpcServices Services(ServiceContext context)
    {
        var services = new RpcServices();
        new KvService(context).Register(services);
        new WatchService(context, _clock).Register(services);
        new LeaseService(context).Register(services);
        new ClusterService(context).Register(services);
        new MaintenanceService(context).Register(services);
        new AuthService(context).Register(services);
        new LockService(context).Register(services);
        new ElectionService(context).Register(services);
        new HealthService(context, Failed).Register(services);
        return services;
    }

    private RpcServerOptions RpcOptions(IReadOnlyList<RpcEndpoint> endpoints, RpcServices services, RequestDelegate? fallback)
    {
        const int FramingBytes = 512 * 1024;
        const uint MostStreams = 1_000_000;
        return new RpcServerOptions
        {
            Endpoints = endpoints,
            Services = services,
            Fallback = fallback,
            Observer = _rpcMetrics,
            OnHandlerFault = OnHandlerFault,
            LoggerFactory = new HostLogBridge(_log),
            MaxReceiveMessageBytes = _options.MaxRequestBytes + FramingBytes,
            MaxFallbackBodyBytes = (2L * _options.MaxRequestBytes) + FramingBytes,
            MaxStreamsPerConnection = (int)Math.Min(_options.MaxConcurrentStreams, MostStreams),
            KeepAliveInterval = _options.KeepAliveInterval > TimeSpan.Zero ? _options.KeepAliveInterval : Timeout.InfiniteTimeSpan,
            KeepAliveTimeout = _options.KeepAliveTimeout > TimeSpan.Zero ? _options.KeepAliveTimeout : TimeSpan.FromDays(1),
        };
    }

    private NodeOptions NodeOptionsOf(ServerOptions options)
    {
        IReadOnlyList<ClusterMember> members = MembersOf(options);
        ClusterMember own = members.FirstOrDefault(member => member.Name == options.Name) ?? AloneOf(options);
        return new NodeOptions
        {
            DataDirectory = options.DataDirectory,
            Name = options.Name,
            MemberId = own.Id,
            ClusterId = MemberIdentity.ClusterId(members.Select(member => member.Id)),
            PeerUrls = own.PeerUrls,
            ClientUrls = [.. options.AdvertiseClientUrls.Select(url => url.ToString())],
            InitialMembers = members,
            JoinsExistingGroup = options.JoinsExistingCluster,
            ForcesNewGroup = options.ForceNewCluster,
            StrictMemberChanges = options.StrictReconfigCheck,
            MaxLearners = options.MaxLearners,
            PeerListenUrls = [.. options.ListenPeerUrls.Select(url => url.ToString())],
            PeerTls = PeerCertificates.Of(options),
            HeartbeatInterval = options.HeartbeatInterval,
            ElectionTimeout = options.ElectionTimeout,
            RequestTimeout = options.RequestTimeout,
            CompletesInline = true,
            MinLeaseTtl = LeaseRules.MinTtlSeconds((long)options.ElectionTimeout.TotalMilliseconds),
            Watch = new WatchOptions { MaxResponseBytes = options.MaxRequestBytes + (512 * 1024) },
            Clock = _clock,
            OnNotice = Tell,
        };
    }

    private static IReadOnlyList<ClusterMember> MembersOf(ServerOptions options)
    {
        bool isFirstStart = !Node.HoldsMember(options.DataDirectory);
        try
        {
            var cluster = new InitialCluster(options.InitialCluster);
            if (cluster.Count > 1 && isFirstStart)
            {
                cluster.Check(options.Name, options.InitialAdvertisePeerUrls);
            }

            return cluster.Count > 1 ? cluster.Members(options.InitialClusterToken) : [AloneOf(options)];
        }
        catch (OptionException) when (!isFirstStart)
        {
            return [AloneOf(options)];
        }
    }

    private static ClusterMember AloneOf(ServerOptions options) =>
        new InitialCluster(string.Join(',', options.InitialAdvertisePeerUrls.Select(url => $"{options.Name}={url}")))
            .Members(options.InitialClusterToken)[0];

    private void Tell(NodeNotice notice)
    {
        if (notice.IsWarning)
        {
            _log.Warn(notice.Message);
        }
        else
        {
            _log.Info(notice.Message);
        }
    }

    private async Task CompactAsync(AutoCompactor compactor)
    {
        try
        {
            await compactor.RunAsync(_stopping.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Nobody awaits this until the server stops, so a fault would pass unseen while the history grows.
        catch (Exception e)
        {
            _failed.TrySetResult(e);
        }
#pragma warning restore CA1031
    }

    private async Task WatchNodeAsync(Node node)
    {
        Exception reason = await node.Failed.ConfigureAwait(false);
        _failed.TrySetResult(reason);
    }

    /// <summary>A handler threw what it should not. Damage and a failed watch hub end the server; anything else only that call.</summary>
    private void OnHandlerFault(RpcMethod method, Exception exception)
    {
        _log.Error("a call failed inside the server", [new("method", method.FullName), new("error", exception.ToString())]);
        if (exception is DamagedValueException or InvalidOperationException { InnerException: DamagedValueException })
        {
            Node.ReportDamage(exception);
        }
    }

    private void ReportSlowCall(RpcMethod method, StatusCode status, TimeSpan elapsed)
    {
        if (elapsed > _options.SlowRequestThreshold && !method.IsClientStreaming && !method.IsServerStreaming)
        {
            _log.Warn(
                "request stats",
                [new("time spent", elapsed), new("response type", method.FullName), new("status", status.ToString())]);
        }
    }
}
