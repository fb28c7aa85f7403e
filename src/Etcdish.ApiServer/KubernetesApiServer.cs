using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Allocation;
using Etcdish.ApiServer.Apply;
using Etcdish.ApiServer.Components;
using Etcdish.ApiServer.Discovery;
using Etcdish.ApiServer.Extensions;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.InProcess;
using Etcdish.ApiServer.Metrics;
using Etcdish.ApiServer.OpenApi;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security;
using Etcdish.ApiServer.Storage;
using Etcdish.ApiServer.Streaming;
using Etcdish.ApiServer.Subresources;
using Etcdish.ApiServer.Tables;
using Etcdish.ApiServer.Watching;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Etcdish.ApiServer;

/// <summary>
/// A Kubernetes API server over a revisioned store. Started once and disposed of once; several may serve one store.
/// </summary>
public sealed class KubernetesApiServer : IAsyncDisposable
{
    // Watches end at once; what is left are requests that are nearly done.
    private static readonly TimeSpan _drainTime = TimeSpan.FromSeconds(1);

    private static readonly string[] _systemNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

    private readonly ApiServerOptions _options;
    private readonly ResourceDirectory _resources;
    private readonly SecurityServices _security;
    private readonly ClusterObjects _objects;
    private readonly ServiceNetwork _network;
    private readonly ObjectWriter _writer;
    private readonly NamespaceDrain _drain;
    private readonly WatchHubs _hubs;
    private readonly StreamingRoutes _streaming;
    private readonly UsageCollector _usage;
    private readonly DefinitionCleanup _cleanup;
    private readonly DefinitionController _definitions;
    private readonly ApiServiceRegistrar _services;
    private readonly ApiApplication _application;
    private readonly CancellationTokenSource _stopped = new();
    private readonly IHost _host;
    private ListenOptions? _listen;
    private ListenOptions? _advertised;

    private KubernetesApiServer(ApiServerOptions options)
    {
        options.Validate();
        _options = options;
        _resources = new ResourceDirectory(SchemaCatalog.BuiltIn, options.StorePrefix);
        _security = new SecurityServices(options, _resources);
        var events = ResourceDirectory.PrefixOf(options.StorePrefix, "", "events");
        var store = new ExpiringStore(_security.Store, events, options.EventTimeToLive, options.Clock);
        var metadata = new MetadataRules(options.Clock);
        var owners = new FieldOwners(options.Clock);
        var reader = new ObjectReader(store, options.Clock);
        _objects = new ClusterObjects(store, _resources);
        _network = new ServiceNetwork(options, store, _objects, metadata);
        var admission = new AdmissionChain(AdmissionPlugins.InOrder(_objects, metadata, _security, _network));
        var deletion = new Deletion(store, metadata, admission);
        var settings = options.Watches with { Clock = options.Clock };
        var tables = new TableBuilder(options.Clock);
        _writer = new ObjectWriter(store, metadata, owners, admission);
        _drain = new NamespaceDrain(store, _resources, reader, _writer, deletion, metadata, options.Warn);
        _cleanup = new DefinitionCleanup(_resources, reader, _writer, deletion, metadata, options.Warn);
        _definitions = new DefinitionController(store, _resources, _writer, metadata, _cleanup, options.Warn);
        _services = new ApiServiceRegistrar(_resources, reader, _writer, deletion, options.Warn);
        _hubs = new WatchHubs(_resources, store, settings);
        _streaming = new StreamingRoutes(options, reader, _resources);
        _usage = new UsageCollector(_streaming.Backend, options.Metrics, options.Clock, options.Warn, _stopped.Token);
        var budgets = new DisruptionBudgets(reader, _writer, metadata, _resources);
        var binding = new BindingSubresource(store, _resources, metadata);
        ISubresource[] subresources =
        [
            new ScaleSubresource(reader, _writer, owners, _resources, tables),
            binding,
            new EvictionSubresource(reader, _writer, deletion, budgets, metadata),
            _security.TokenSubresource,
            .. _streaming.Subresources,
        ];
        var components = new ComponentStatusHandler(new ComponentProbes(store, _objects, options.Clock), tables);
        var metrics = new MetricsHandler(_usage, reader, _resources, tables, options.Clock);
        var watches = new WatchHandler(reader, _hubs, settings);
        _application = new ApiApplication(
            new PlainPaths(store),
            _security,
            new RequestLimits(options.Limits, options.Clock),
            new DiscoveryHandler(_resources),
            new OpenApiHandler(_resources, options.Clock),
            _resources,
            new ResourceHandler(reader, _writer, deletion, _drain, watches, tables, subresources),
            new UnstoredResources(_security.Reviews, new BindingHandler(_resources, binding), components, metrics),
            defect => options.Warn($"a request failed: {defect}"));
        _host = MakeHost(_application);
    }

    /// <summary>Where the server listens; with the port it got.</summary>
    public IPEndPoint EndPoint => _listen?.IPEndPoint ?? _options.Listen;

    /// <summary>The URL by which clients of this machine reach it.</summary>
    public string Url
    {
        get
        {
            var host = EndPoint.Address.Equals(IPAddress.Any) || EndPoint.Address.Equals(IPAddress.IPv6Any)
                ? IPAddress.Loopback
                : EndPoint.Address;
            return UrlOf(new IPEndPoint(host, EndPoint.Port));
        }
    }

    /// <summary>The URL by which pods and other machines reach it; null: no address is advertised.</summary>
    public string? AdvertisedUrl => _options.AdvertiseAddress is { } address
        ? UrlOf(new IPEndPoint(address, (_advertised ?? _listen)?.IPEndPoint?.Port ?? _options.Listen.Port))
        : null;

    /// <summary>Starts a server: it answers when this completes.</summary>
    /// <exception cref="IOException">An address is taken, or not this machine's.</exception>
    /// <exception cref="Storage.StoreUnavailableException">The store does not answer.</exception>
    public static async Task<KubernetesApiServer> StartAsync(ApiServerOptions options, CancellationToken cancellation = default)
    {
        var server = new KubernetesApiServer(options);
        try
        {
            await server.EnsureNamespacesAsync(cancellation);
            await server._security.StartAsync(server._writer, cancellation);
            await server._definitions.StartAsync(cancellation);
            await server._drain.ResumeAsync(cancellation);
            await SystemPriorities.EnsureAsync(server._writer, server._objects, cancellation);
            server._services.Start();
            await server._host.StartAsync(cancellation);
            await server._network.StartAsync(server._writer, server._resources, server._advertised?.IPEndPoint ?? server.EndPoint, cancellation);
            return server;
        }
        catch (SocketException e)
        {
            await server.DisposeAsync();
            throw new IOException($"the API cannot listen at {options.Listen} and {options.AdvertiseAddress ?? options.Listen.Address}: {e.Message}", e);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// A way to the server without sockets, for clients in this process. They need not prove who they are; all else is as from outside.
    /// </summary>
    /// <param name="user">The name of the user that requests come from.</param>
    /// <param name="groups">The groups that the user is in, beside that of all users.</param>
    public HttpMessageHandler ConnectInProcess(string user, params IReadOnlyList<string> groups) =>
        new InProcessHandler(_application, new RequestUser(user, [.. groups, RequestUser.Authenticated]), _stopped.Token);

    /// <summary>Ends watches and connections, then what runs in the background.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _hubs.DisposeAsync();
        await _host.StopAsync();
        _host.Dispose();
        await _usage.DisposeAsync();
        _streaming.Dispose();
        await _drain.DisposeAsync();
        await _definitions.DisposeAsync();
        await _cleanup.DisposeAsync();
        await _services.DisposeAsync();
        await _security.DisposeAsync();
        _stopped.Dispose();
    }

    private string UrlOf(IPEndPoint at) => $"{(_options.Certificates is null ? "http" : "https")}://{at}";

    private IHost MakeHost(ApiApplication application)
    {
        var builder = new HostBuilder();
        builder.ConfigureServices(services =>
        {
            services.AddSingleton<IHostLifetime, NoLifetime>();

            // What is written is sent by whoever wrote it: with thousands of watchers, what waited for another thread filled the memory.
            services.Configure<SocketTransportOptions>(sockets => sockets.UnsafePreferInlineScheduling = true);
            services.Configure<HostOptions>(host => host.ShutdownTimeout = _drainTime);
        });
        builder.ConfigureWebHost(web => web
            .UseKestrelCore()
            .ConfigureKestrel(Configure)
            .Configure(app => app.Run(application.HandleAsync)));
        builder.ConfigureLogging(logging => logging.ClearProviders());
        return builder.Build();
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        const int StreamsPerConnection = 250;

        // Selectors of many values make long URLs.
        const int MaxUrlBytes = 128 * 1024;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = RequestBody.MaxDroppedBytes;
        kestrel.Limits.MaxRequestLineSize = MaxUrlBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxUrlBytes;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(_options.Limits.MinBodyBytesPerSecond, _options.Limits.BodyGrace);
        kestrel.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        var tls = _options.Certificates is { } certificates ? Tls(certificates) : null;
        kestrel.Listen(_options.Listen, listen => Configure(_listen = listen, tls));
        if (_options.AdvertiseAddress is { } address && !address.Equals(_options.Listen.Address))
        {
            kestrel.Listen(address, _options.Listen.Port, listen => Configure(_advertised = listen, tls));
        }
    }

    private static void Configure(ListenOptions listen, HttpsConnectionAdapterOptions? tls)
    {
        listen.Protocols = tls is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
        if (tls is not null)
        {
            listen.UseGatheredSends();
            listen.UseHttps(tls);
            listen.UseLargeTlsRecords();
        }
    }

    private HttpsConnectionAdapterOptions Tls(ClusterCertificates certificates) => new()
    {
        ServerCertificate = certificates.MakeServer(
            [_options.Listen.Address, _options.AdvertiseAddress ?? _options.Listen.Address, .. _network.OwnAddresses]),
        SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateMode = ClientCertificateMode.AllowCertificate,

        // Whose it is, if anybody's, is found out with the request, so that a client with a wrong one is told so.
        ClientCertificateValidation = static (_, _, _) => true,
    };

    private async Task EnsureNamespacesAsync(CancellationToken cancellation)
    {
        var type = _resources.Find("", "v1", "namespaces")!;
        await Task.WhenAll(_systemNamespaces.Select(name => EnsureNamespaceAsync(type, name, cancellation)));
    }

    private async Task EnsureNamespaceAsync(ResourceType type, string name, CancellationToken cancellation)
    {
        if (await _options.Store.GetAsync(type.KeyOf("", name), cancellation) is not null)
        {
            return;
        }

        try
        {
            var value = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } };
            await _writer.CreateAsync(new WriteRequest(type, "", name), value, cancellation);
        }
        catch (ApiException e) when (e.Code == 409)
        {
            // Another server on this store was faster.
        }
    }

    /// <summary>The process belongs to whoever made the server; so do its signals.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
