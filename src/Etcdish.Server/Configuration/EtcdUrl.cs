using System.Globalization;
using System.Net;

namespace Etcdish.Server.Configuration;

/// <summary>A URL of etcd's flags: scheme and host:port without a path, or a Unix socket.</summary>
/// <param name="Scheme">http, https, unix or unixs.</param>
/// <param name="Host">Host name or address without brackets; the socket's path for unix and unixs.</param>
/// <param name="Port">Port from 0 to 65535; 0 asks for any free port, and is what Unix sockets have.</param>
public sealed record EtcdUrl(string Scheme, string Host, int Port)
{
    /// <summary>Whether the connection is TLS.</summary>
    public bool IsSecure => Scheme is "https" or "unixs";

    /// <summary>Whether it names a Unix socket.</summary>
    public bool IsUnix => Scheme is "unix" or "unixs";

    /// <summary>Whether <see cref="Host"/> is an address or localhost, as it must be to listen on.</summary>
    public bool IsBindable => IsUnix || Host == "localhost" || IPAddress.TryParse(Host, out _);

    /// <summary>Reads a URL.</summary>
    /// <param name="text">Such as http://127.0.0.1:2379 or unix:///run/etcd.sock.</param>
    /// <returns>The URL.</returns>
    /// <exception cref="FormatException">The text is not such a URL; the message says why.</exception>
    public static EtcdUrl Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = text.Trim();
        int colon = text.IndexOf("://", StringComparison.Ordinal);
        string scheme = colon < 0 ? "" : text[..colon].ToLowerInvariant();
        if (scheme is not ("http" or "https" or "unix" or "unixs"))
        {
            throw new FormatException($"URL scheme must be http, https, unix, or unixs: {text}");
        }

        string rest = text[(colon + 3)..];
        if (scheme is "unix" or "unixs")
        {
            return rest.Length > 0 ? new EtcdUrl(scheme, rest, 0) : throw new FormatException($"URL names no socket: {text}");
        }

        if (rest.EndsWith('/'))
        {
            rest = rest[..^1];
        }

        if (rest.Contains('/'))
        {
            throw new FormatException($"URL must not contain a path: {text}");
        }

        int portColon = rest.LastIndexOf(':');
        if (portColon < 0 || !ushort.TryParse(rest.AsSpan(portColon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new FormatException($"URL address does not have the form \"host:port\": {text}");
        }

        string host = rest[..portColon];
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
        }

        return host.Length > 0 ? new EtcdUrl(scheme, host, port) : throw new FormatException($"URL names no host: {text}");
    }

    /// <inheritdoc/>
    public override string ToString() => IsUnix
        ? $"{Scheme}://{Host}"
        : $"{Scheme}://{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port.ToString(CultureInfo.InvariantCulture)}";
}
