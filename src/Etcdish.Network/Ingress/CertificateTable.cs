using System.Net.Security;

namespace Etcdish.Network.Ingress;

/// <summary>Which certificate a host shows: its own, that of its wildcard, or the controller's. Filled before it is shared.</summary>
/// <param name="fallback">The controller's own.</param>
internal sealed class CertificateTable(SslServerAuthenticationOptions fallback)
{
    private readonly Dictionary<string, SslServerAuthenticationOptions> _hosts = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Adds the certificate of a host, unless it has one.</summary>
    public void Add(string host, SslServerAuthenticationOptions certificate) => _hosts.TryAdd(host, certificate);

    /// <summary>The certificate that the host of a handshake shows.</summary>
    /// <param name="host">The name that the client asks for; empty: it does not say.</param>
    public SslServerAuthenticationOptions Find(string host)
    {
        var hosts = _hosts.GetAlternateLookup<ReadOnlySpan<char>>();
        var name = HostNames.WithoutDot(host);
        Span<char> pattern = stackalloc char[HostNames.MaxLength];
        return hosts.TryGetValue(name, out var found) || hosts.TryGetValue(HostNames.ToWildcard(name, pattern), out found)
            ? found
            : fallback;
    }
}
