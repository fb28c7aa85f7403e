using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Etcdish.Rpc;

/// <summary>An address to listen on.</summary>
/// <param name="endPoint">
/// An <see cref="IPEndPoint"/> (port 0 takes a free one) or a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/> whose file
/// must not exist.
/// </param>
public sealed class RpcEndpoint(EndPoint endPoint)
{
    /// <summary>The address; after the start with the port that was bound.</summary>
    public EndPoint EndPoint { get; internal set; } = endPoint;

    /// <summary>
    /// Null for plain text, where HTTP/2 with prior knowledge and HTTP/1.1 share the port; otherwise TLS with both by ALPN.
    /// A certificate selector makes renewal without a restart possible. Unless it says otherwise, TLS 1.2 and 1.3 are allowed.
    /// </summary>
    public HttpsConnectionAdapterOptions? Tls { get; init; }

    /// <inheritdoc/>
    public override string ToString() => EndPoint.ToString() ?? "";
}
