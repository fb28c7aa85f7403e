namespace Etcdish.Network.Ingress;

/// <summary>What is spoken with endpoints.</summary>
internal enum BackendProtocol
{
    /// <summary>HTTP/1.1.</summary>
    Http,

    /// <summary>HTTP/1.1 over TLS.</summary>
    Https,

    /// <summary>HTTP/2 without TLS, known beforehand: gRPC.</summary>
    Http2,

    /// <summary>HTTP/2 over TLS.</summary>
    Http2Tls,
}

/// <summary>Where a rule leads.</summary>
/// <param name="Namespace">The service's namespace.</param>
/// <param name="Service">The service.</param>
/// <param name="Port">The name of its port; may be empty.</param>
/// <param name="Protocol">What is spoken there.</param>
internal readonly record struct BackendKey(string Namespace, string Service, string Port, BackendProtocol Protocol);

/// <summary>An endpoint.</summary>
/// <param name="Host">Its address, or a name for the resolver.</param>
/// <param name="Port">Its port.</param>
internal readonly record struct BackendAddress(string Host, int Port) : IComparable<BackendAddress>
{
    /// <summary>Host and port as in a URL.</summary>
    public string Authority => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <inheritdoc/>
    public int CompareTo(BackendAddress other) =>
        string.CompareOrdinal(Host, other.Host) is var byHost and not 0 ? byHost : Port.CompareTo(other.Port);
}
