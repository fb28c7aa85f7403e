using System.Buffers;
using System.Globalization;
using System.Net;

namespace Etcdish.Cluster.Peers;

/// <summary>A peer URL, taken apart.</summary>
/// <param name="IsSecure">Whether the connection is TLS.</param>
/// <param name="Host">Host name or address, without brackets.</param>
/// <param name="Port">From 0 to 65535.</param>
internal readonly record struct PeerUrl(bool IsSecure, string Host, int Port)
{
    private static readonly SearchValues<char> _notInHosts = SearchValues.Create("/[]@?# ");

    /// <summary>Reads a URL.</summary>
    /// <param name="text">Such as https://10.0.0.1:2380.</param>
    /// <exception cref="ArgumentException">It is not of the form http(s)://host:port.</exception>
    public static PeerUrl Parse(string text)
    {
        string rest = text.Trim();
        bool isSecure = rest.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        if (!isSecure && !rest.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"a peer URL begins with http:// or https://: {text}");
        }

        rest = rest[(isSecure ? 8 : 7)..].TrimEnd('/');
        int colon = rest.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new ArgumentException($"a peer URL names a host and a port: {text}");
        }

        string host = rest[..colon];
        if (host.StartsWith('[') && host.EndsWith(']') && IPAddress.TryParse(host, out IPAddress? address))
        {
            host = address.ToString();
        }

        return host.AsSpan().IndexOfAny(_notInHosts) < 0
            ? new PeerUrl(isSecure, host, port)
            : throw new ArgumentException($"a peer URL names a host and a port, and nothing else: {text}");
    }

    /// <summary>Where to listen.</summary>
    /// <exception cref="ArgumentException">The host is neither an address nor localhost.</exception>
    public IPEndPoint ToListenEndPoint()
    {
        if (Host == "localhost")
        {
            return new IPEndPoint(IPAddress.Loopback, Port);
        }

        return IPAddress.TryParse(Host, out IPAddress? address)
            ? new IPEndPoint(address, Port)
            : throw new ArgumentException($"to listen, a peer URL names an address or localhost: {this}");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{(IsSecure ? "https" : "http")}://{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}");
}
