using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Etcdish.Rpc;

/// <summary>Kestrel's sockets, and the listener without a socket for plain HTTP/1.1.</summary>
internal sealed class RpcTransportFactory(SocketTransportFactory sockets) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is PlainHttpHandoff || sockets.CanBind(endpoint);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        endpoint is PlainHttpHandoff handoff ? ValueTask.FromResult<IConnectionListener>(handoff) : sockets.BindAsync(endpoint, cancellationToken);
}
