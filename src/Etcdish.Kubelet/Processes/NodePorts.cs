using System.Net;
using System.Net.Sockets;
using Etcdish.Streaming;
using Etcdish.Streaming.Sessions;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Processes;

/// <summary>Forwards connections to ports of the node, which are those of every pod.</summary>
internal static class NodePorts
{
    public static Task ServeForwardAsync(HttpContext http) => PortForwardServer.ServeAsync(
        http,
        async (port, stream, cancellation) =>
        {
            using var socket = await ConnectAsync(port, cancellation);
            await SocketRelay.RunAsync(stream, socket, cancellation);
        },
        new StreamingLimits());

    private static async Task<Socket> ConnectAsync(int port, CancellationToken cancellation)
    {
        try
        {
            return await ConnectAsync(IPAddress.Loopback, port, cancellation);
        }
        catch (SocketException first)
        {
            try
            {
                return await ConnectAsync(IPAddress.IPv6Loopback, port, cancellation);
            }
            catch (SocketException)
            {
                throw new IOException($"failed to connect to localhost:{port}: {first.Message}", first);
            }
        }
    }

    private static async Task<Socket> ConnectAsync(IPAddress address, int port, CancellationToken cancellation)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
