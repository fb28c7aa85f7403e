using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Cluster.Peers;

/// <summary>What the names in a peer's certificate permit.</summary>
internal static class CertificateNames
{
    private const string CommonNameOid = "2.5.4.3";

    /// <summary>Whether a certificate has one of the allowed common names, or matches one of the allowed hosts.</summary>
    public static bool IsAllowed(X509Certificate2 certificate, PeerTlsOptions options)
    {
        if (options.AllowedCommonNames.Count > 0)
        {
            return CommonName(certificate) is { } name && options.AllowedCommonNames.Contains(name, StringComparer.Ordinal);
        }

        return options.AllowedHostNames.Count == 0
            || options.AllowedHostNames.Any(host => certificate.MatchesHostname(host, allowCommonName: false));
    }

    /// <summary>
    /// Checks that a dialler comes from where its certificate says, as etcd does: from an address that it names, or from one that a host
    /// name of it resolves to, forwards or backwards.
    /// </summary>
    /// <exception cref="AuthenticationException">It does not.</exception>
    public static async ValueTask CheckAddressAsync(X509Certificate2 certificate, IPAddress address, CancellationToken cancellation)
    {
        X509SubjectAlternativeNameExtension? names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        IPAddress[] addresses = [.. names?.EnumerateIPAddresses() ?? []];
        string[] hosts = [.. names?.EnumerateDnsNames() ?? []];
        IPAddress from = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if ((addresses.Length == 0 && hosts.Length == 0) || addresses.Contains(from))
        {
            return;
        }

        if (!await IsCalledAsync(from, hosts, cancellation).ConfigureAwait(false))
        {
            throw new AuthenticationException(
                $"the peer dials from {from}, which its certificate {certificate.Subject} does not name");
        }
    }

    private static string? CommonName(X509Certificate2 certificate)
    {
        string? name = null;
        foreach (X500RelativeDistinguishedName part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (!part.HasMultipleElements && part.GetSingleElementType().Value == CommonNameOid)
            {
                name ??= part.GetSingleElementValue();
            }
        }

        return name;
    }

    private static async ValueTask<bool> IsCalledAsync(IPAddress address, string[] hosts, CancellationToken cancellation)
    {
        foreach (string host in hosts.Where(host => !host.StartsWith("*.", StringComparison.Ordinal)))
        {
            if ((await AddressesAsync(host, cancellation).ConfigureAwait(false)).Contains(address))
            {
                return true;
            }
        }

        string? reverse = hosts.Length == 0 ? null : await ReverseAsync(address, cancellation).ConfigureAwait(false);
        return reverse is not null && hosts.Any(host => Covers(host, reverse));
    }

    private static bool Covers(string pattern, string host) => pattern.StartsWith("*.", StringComparison.Ordinal)
        ? host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase)
        : string.Equals(pattern, host, StringComparison.OrdinalIgnoreCase);

    private static async ValueTask<IPAddress[]> AddressesAsync(string host, CancellationToken cancellation)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            return []; // A name that does not resolve permits no address; another may.
        }
    }

    private static async ValueTask<string?> ReverseAsync(IPAddress address, CancellationToken cancellation)
    {
        try
        {
            return (await Dns.GetHostEntryAsync(address.ToString(), cancellation).ConfigureAwait(false)).HostName.TrimEnd('.');
        }
        catch (SocketException)
        {
            return null; // An address without a name is covered by none.
        }
    }
}
