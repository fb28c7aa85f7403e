using System.Net;
using System.Net.Security;

namespace Etcdish.Rpc;

/// <summary>Options of an <see cref="RpcChannel"/>.</summary>
public sealed class RpcChannelOptions
{
    /// <summary>
    /// Where to connect; null (default) takes host and port from the channel's address. A
    /// <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/> makes the channel run over a Unix socket.
    /// </summary>
    public EndPoint? EndPoint { get; init; }

    /// <summary>Certificates and rules for an https address; null (default) for the platform's rules.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>Time for a connection with its TLS handshake: default 5 s, positive.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Silence after which the client pings, while calls are open: default null for no pings, from one second on. etcd
    /// closes connections that ping more often than every 5 s.
    /// </summary>
    public TimeSpan? KeepAliveInterval { get; init; }

    /// <summary>How long a ping may stay without an answer before the connection is closed: default 20 s, from one second on.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Longest message accepted in bytes: default <see cref="int.MaxValue"/>, as etcd's client has it; at least 1.</summary>
    public int MaxReceiveMessageBytes { get; init; } = int.MaxValue;

    /// <summary>Whether to open more connections when the server's limit of streams on one is reached; default true.</summary>
    public bool AllowMultipleConnections { get; init; } = true;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(KeepAliveInterval ?? TimeSpan.MaxValue, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(KeepAliveTimeout, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxReceiveMessageBytes, 1);
    }
}
