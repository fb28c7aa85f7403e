using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Etcdish.Rpc;

/// <summary>Everything that can be set on an <see cref="RpcServer"/>; ranges are checked when the server is made.</summary>
public sealed class RpcServerOptions
{
    /// <summary>Where to listen; at least one.</summary>
    public required IReadOnlyList<RpcEndpoint> Endpoints { get; init; }

    /// <summary>The services; each method with a handler.</summary>
    public required RpcServices Services { get; init; }

    /// <summary>Answers every request that is not gRPC, over HTTP/1.1 or HTTP/2. Null (default): they get 415.</summary>
    public RequestDelegate? Fallback { get; init; }

    /// <summary>
    /// Told when a handler throws something that is neither a status nor a lost client: a bug. Null (default): nobody is.
    /// </summary>
    public Action<RpcMethod, Exception>? OnHandlerFault { get; init; }

    /// <summary>Told about every call. Null (default): nobody is.</summary>
    public RpcObserver? Observer { get; init; }

    /// <summary>Takes the log of the transport. Default: none.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Longest message accepted, compressed or not, in bytes: default 4 MiB, from 1 to <see cref="int.MaxValue"/>.</summary>
    public int MaxReceiveMessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Longest body of a request to the fallback, in bytes: default 4 MiB, at least 0.</summary>
    public long MaxFallbackBodyBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Calls at a time on one connection: default 1,024, from 1 to 1,000,000. Clients queue what is over it; else it is refused.
    /// </summary>
    public int MaxStreamsPerConnection { get; init; } = 1024;

    /// <summary>
    /// Connections at a time, over all endpoints: default null for no limit, at least 1. What is over it is closed at once.
    /// </summary>
    public long? MaxConnections { get; init; }

    /// <summary>HTTP/2 window of a connection in bytes: default 1 MiB, from 65,535 to <see cref="int.MaxValue"/>.</summary>
    public int ConnectionWindowBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// HTTP/2 window of one call in bytes, what it may have on its way unread: default 768 KiB, from 65,535 to
    /// <see cref="int.MaxValue"/>.
    /// </summary>
    public int StreamWindowBytes { get; init; } = 768 * 1024;

    /// <summary>Bytes of a response kept by the transport before a flush waits for the client: default 64 KiB, at least 0.</summary>
    public long MaxResponseBufferBytes { get; init; } = 64 * 1024;

    /// <summary>Total of all headers of a request in bytes: default 32 KiB, from 1,024 to 1 MiB.</summary>
    public int MaxRequestHeaderBytes { get; init; } = 32 * 1024;

    /// <summary>
    /// Silence on a connection after which the server pings: default two hours, like etcd's; from one second on. This and the times
    /// below are looked at once a second.
    /// <see cref="Timeout.InfiniteTimeSpan"/> turns pings off.
    /// </summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long a ping may stay without an answer before the connection is closed: default 20 s, from one second on.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a connection without any call stays: default forever, like etcd's; from one second on.</summary>
    public TimeSpan IdleTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How long a client may take for the first bytes of a plain connection, for a TLS handshake, or for all headers of a
    /// request: default 20 s, from 100 ms on.
    /// </summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(20);

    internal void Validate()
    {
        if (Endpoints.Count == 0)
        {
            throw new ArgumentException("An RPC server needs at least one endpoint.");
        }

        Check(MaxReceiveMessageBytes, 1, int.MaxValue, nameof(MaxReceiveMessageBytes));
        Check(MaxFallbackBodyBytes, 0, long.MaxValue, nameof(MaxFallbackBodyBytes));
        Check(MaxStreamsPerConnection, 1, 1_000_000, nameof(MaxStreamsPerConnection));
        Check(MaxConnections ?? 1, 1, long.MaxValue, nameof(MaxConnections));
        Check(ConnectionWindowBytes, 65_535, int.MaxValue, nameof(ConnectionWindowBytes));
        Check(StreamWindowBytes, 65_535, int.MaxValue, nameof(StreamWindowBytes));
        Check(MaxResponseBufferBytes, 0, long.MaxValue, nameof(MaxResponseBufferBytes));
        Check(MaxRequestHeaderBytes, 1024, 1024 * 1024, nameof(MaxRequestHeaderBytes));
        Check(KeepAliveInterval, 1000, nameof(KeepAliveInterval), mayBeInfinite: true);
        Check(KeepAliveTimeout, 1000, nameof(KeepAliveTimeout), mayBeInfinite: false);
        Check(IdleTimeout, 1000, nameof(IdleTimeout), mayBeInfinite: true);
        Check(HandshakeTimeout, 100, nameof(HandshakeTimeout), mayBeInfinite: false);
    }

    private static void Check(long value, long min, long max, string name)
    {
        if (value < min || value > max)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {min} to {max}.");
        }
    }

    private static void Check(TimeSpan value, double minMilliseconds, string name, bool mayBeInfinite)
    {
        bool isInfinite = value == Timeout.InfiniteTimeSpan;
        if (isInfinite ? !mayBeInfinite : value.TotalMilliseconds < minMilliseconds || value.TotalDays > 40)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {minMilliseconds} ms to 40 days.");
        }
    }
}
