using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Etcdish.Rpc.Http2;

/// <summary>The engine as Kestrel's connection middleware sees it: serves connections that speak HTTP/2.</summary>
internal sealed class Http2Service(RpcApplication application, FallbackApplication fallback, RpcServerOptions options, TimeProvider time)
{
    public RpcApplication Application { get; } = application;

    public FallbackApplication Fallback { get; } = fallback;

    public RpcServerOptions Options { get; } = options;

    public MonotonicClock Clock { get; } = new(time);

    public ILogger Log { get; } = options.LoggerFactory.CreateLogger("Etcdish.Rpc.Http2");

    /// <summary>Serves one connection to its end.</summary>
    public Task OnConnectionAsync(ConnectionContext connection) => new Http2Connection(connection, this).RunAsync();
}
