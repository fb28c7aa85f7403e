using System.Globalization;
using System.Net.WebSockets;
using Etcdish.Streaming.Spdy;
using Etcdish.Streaming.WebSockets;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Streaming.Sessions;

/// <summary>
/// Carries one forwarded connection, until both directions have ended. A failure that it throws is told to the client, by its message.
/// </summary>
/// <param name="port">The port of the pod.</param>
/// <param name="stream">The client's connection.</param>
/// <param name="cancellation">Cancelled when the client is gone.</param>
public delegate Task PortForwarder(int port, SessionStream stream, CancellationToken cancellation);

/// <summary>
/// The kubelet's end of <c>port-forward</c>: SPDY/3.1, SPDY/3.1 within a WebSocket, or a WebSocket with two channels for each port.
/// </summary>
public static class PortForwardServer
{
    private const string StreamProtocol = "portforward.k8s.io";
    private const string TunnelProtocol = "SPDY/3.1+portforward.k8s.io";

    /// <summary>Serves a request, until the client hangs up.</summary>
    /// <param name="http">The request.</param>
    /// <param name="forwarder">Carries each connection. Called for several at the same time.</param>
    /// <param name="limits">Bounds.</param>
    public static async Task ServeAsync(HttpContext http, PortForwarder forwarder, StreamingLimits limits)
    {
        if (Upgrade.IsSpdy(http))
        {
            if (await Upgrade.ChooseStreamProtocolAsync(http, [StreamProtocol]) is not null)
            {
                await ServeAsync(await Upgrade.AcceptSpdyAsync(http, limits), forwarder, limits);
            }

            return;
        }

        if (!Upgrade.IsWebSocket(http))
        {
            await Upgrade.RefuseAsync(http, 400, "Upgrade request required");
            return;
        }

        if (http.Request.Headers.GetCommaSeparatedValues("Sec-WebSocket-Protocol").Contains(TunnelProtocol))
        {
            await ServeTunnelAsync(http, forwarder, limits);
            return;
        }

        await ServeChannelsAsync(http, forwarder, limits);
    }

    private static async Task ServeTunnelAsync(HttpContext http, PortForwarder forwarder, StreamingLimits limits)
    {
        if (await Upgrade.AcceptWebSocketAsync(http, TunnelProtocol, limits) is { } socket)
        {
            var transport = WebSocketStream.Create(socket, WebSocketMessageType.Binary, limits.Linger);
            await ServeAsync(new SpdyConnection(transport, isServer: true, limits), forwarder, limits);
        }
    }

    private static async Task ServeAsync(SpdyConnection connection, PortForwarder forwarder, StreamingLimits limits)
    {
        await using (connection)
        {
            await new SpdyPortForward(connection, forwarder, limits).RunAsync();
            await connection.CloseAsync();
        }
    }

    // Channel 2i carries the connection to the i-th port, channel 2i + 1 what went wrong. Both begin with the port's number.
    private static async Task ServeChannelsAsync(HttpContext http, PortForwarder forwarder, StreamingLimits limits)
    {
        var protocol = Upgrade.ChooseChannelProtocol(http, ChannelProtocol.V4, ChannelProtocol.V4Base64);
        if (protocol is null || !TryReadPorts(http, protocol, out var ports))
        {
            await Upgrade.RefuseAsync(http, 400, "unable to upgrade: an unknown subprotocol, or no ports, or none from 1 to 65535, in the query");
            return;
        }

        if (await Upgrade.AcceptWebSocketAsync(http, protocol.Name, limits) is not { } socket)
        {
            return;
        }

        await using var connection = new ChannelConnection(socket, protocol, 2 * ports.Count, isServer: true, limits);
        await Task.WhenAll(ports.Select((port, i) => ForwardAsync(connection, port, 2 * i, forwarder)));
        await connection.CloseAsync();
    }

    private static async Task ForwardAsync(ChannelConnection connection, int port, int channel, PortForwarder forwarder)
    {
        var (data, error) = (connection.Channels[channel], connection.Channels[channel + 1]);
        error.DiscardReceived();
        try
        {
            var announcement = new[] { (byte)port, (byte)(port >> 8) };
            await data.WriteAsync(announcement, connection.Closed);
            await error.WriteAsync(announcement, connection.Closed);
            await PortForwardPair.RunAsync(port, data, error, forwarder, connection.Closed);
        }
        catch (Exception e) when (SpdyConnection.IsEndOfTransport(e))
        {
            // The client is gone: there is nobody to tell.
        }
    }

    private static bool TryReadPorts(HttpContext http, ChannelProtocol protocol, out List<int> ports)
    {
        // The number of a channel has one byte, or one digit.
        var most = protocol.IsBase64 ? 5 : 127;
        ports = [];
        foreach (var text in http.Request.Query["port"].SelectMany(values => (values ?? "").Split(',')))
        {
            if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0 || ports.Count == most)
            {
                return false;
            }

            ports.Add(port);
        }

        return ports.Count > 0;
    }
}
