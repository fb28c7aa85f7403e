using System.Net.Security;

namespace Etcdish.Client;

/// <summary>How an <see cref="EtcdClient"/> reaches its cluster. Ranges are checked when the client is made.</summary>
public sealed record EtcdClientOptions
{
    /// <summary>Client URLs of the members, <c>http://host:port</c> or <c>https://host:port</c>; at least one.</summary>
    public required IReadOnlyList<string> Endpoints { get; init; }

    /// <summary>TLS settings (own certificate, trusted authorities) for https endpoints; null = the system's defaults.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>How long one connection may take to open, TLS included; more than zero.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Silence on a connection in use after which it is probed; at least 1 s, and servers may refuse less than 5 s.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a probe may stay unanswered before the connection counts as broken; at least 1 s.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A ready auth token, sent with every call; null = none. Not together with <see cref="Username"/>.</summary>
    public string? Token { get; init; }

    /// <summary>User to log in as; the client then gets and renews tokens by itself. Needs <see cref="Password"/>.</summary>
    public string? Username { get; init; }

    /// <summary>Password of <see cref="Username"/>.</summary>
    public string? Password { get; init; }

    /// <summary>Ask members that see no leader to refuse calls and end streams, rather than let them wait.</summary>
    public bool RequireLeader { get; init; }

    /// <summary>Attempts of one call, the first included; 1 = never retry. What may be repeated: <see cref="EtcdClient"/>.</summary>
    public int MaxAttempts { get; init; } = 20;

    /// <summary>Pause before an endpoint that failed once is tried again; doubles with each failure in a row.</summary>
    public TimeSpan BackoffFloor { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Longest such pause.</summary>
    public TimeSpan BackoffCeiling { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Clock behind every pause and lease renewal.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Source of the jitter on pauses (±20 %). Calls to it are serialised.</summary>
    public Random Random { get; init; } = Random.Shared;

    internal void Validate()
    {
        if (Endpoints.Count == 0)
        {
            throw new ArgumentException("at least one endpoint is needed");
        }

        foreach (string endpoint in Endpoints)
        {
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            {
                throw new ArgumentException($"endpoint \"{endpoint}\" is not a URL such as http://127.0.0.1:2379");
            }
        }

        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(DialTimeout, TimeSpan.Zero, nameof(DialTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(KeepAliveInterval, TimeSpan.FromSeconds(1), nameof(KeepAliveInterval));
        ArgumentOutOfRangeException.ThrowIfLessThan(KeepAliveTimeout, TimeSpan.FromSeconds(1), nameof(KeepAliveTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxAttempts, 1, nameof(MaxAttempts));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(BackoffFloor, TimeSpan.Zero, nameof(BackoffFloor));
        ArgumentOutOfRangeException.ThrowIfLessThan(BackoffCeiling, BackoffFloor, nameof(BackoffCeiling));
        if ((Username is null) != (Password is null))
        {
            throw new ArgumentException("a user name and a password go together");
        }

        if (Token is not null && Username is not null)
        {
            throw new ArgumentException("give either a token or a user name and password, not both");
        }
    }
}
