using System.Net;
using System.Net.Sockets;
using Etcdish.Kubelet.Processes.Networks;
using Etcdish.Streaming;
using Etcdish.Streaming.Sessions;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Processes;

/// <summary>Forwards connections to ports of a pod at which it listens for itself.</summary>
internal static class PodPorts
{
    /// <param name="http">The request.</param>
    /// <param name="network">The file that keeps the pod's network namespace; empty: the pod's ports are the node's.</param>
    public static Task ServeForwardAsync(HttpContext http, string network) => PortForwardServer.ServeAsync(
        http,
        async (port, stream, cancellation) =>
        {
            using var socket = await ConnectAsync(network, port, cancellation);
            await SocketRelay.RunAsync(stream, socket, cancellation);
        },
        new StreamingLimits());

    private static async Task<Socket> ConnectAsync(string network, int port, CancellationToken cancellation)
    {
        try
        {
            return await ConnectAsync(network, IPAddress.Loopback, port, cancellation);
        }
        catch (SocketException first)
        {
            try
            {
                return await ConnectAsync(network, IPAddress.IPv6Loopback, port, cancellation);
            }
            catch (SocketException)
            {
                throw new IOException($"failed to connect to localhost:{port}: {first.Message}", first);
            }
        }
    }

    private static async Task<Socket> ConnectAsync(string network, IPAddress address, int port, CancellationToken cancellation)
    {
        var socket = await NetworkNamespace.OpenSocketAsync(network, address.AddressFamily);
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
