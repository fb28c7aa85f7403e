using Etcdish.Streaming.WebSockets;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Streaming.Sessions;

/// <summary>A command's streams as channels of a WebSocket: input 0, output 1, errors 2, the end 3, sizes 4.</summary>
internal sealed class WebSocketCommandChannels : ICommandChannels
{
    private const int ChannelCount = 5;

    private readonly ChannelConnection _connection;
    private readonly CommandStreams _streams;

    private WebSocketCommandChannels(ChannelConnection connection, CommandStreams streams, bool hasStatus)
    {
        _connection = connection;
        _streams = streams;
        HasStatus = hasStatus;
    }

    public SessionStream? Stdin => _streams.Stdin ? _connection.Channels[0] : null;

    public SessionStream? Stdout => _streams.Stdout ? _connection.Channels[1] : null;

    public SessionStream? Stderr => _streams.Stderr ? _connection.Channels[2] : null;

    public SessionStream Error => _connection.Channels[3];

    public SessionStream Resize => _connection.Channels[4];

    public bool HasStatus { get; }

    public CancellationToken Closed => _connection.Closed;

    /// <summary>Accepts a request; null if it is refused and answered.</summary>
    public static async Task<WebSocketCommandChannels?> AcceptAsync(HttpContext http, CommandStreams streams, StreamingLimits limits)
    {
        var protocol = Upgrade.ChooseChannelProtocol(
            http, ChannelProtocol.V5, ChannelProtocol.V4, ChannelProtocol.V4Base64, ChannelProtocol.V1, ChannelProtocol.V1Base64);
        if (protocol is null)
        {
            await Upgrade.RefuseAsync(http, 400, "unable to upgrade: none of the WebSocket subprotocols that the client offers is known");
            return null;
        }

        if (await Upgrade.AcceptWebSocketAsync(http, protocol.Name, limits) is not { } socket)
        {
            return null;
        }

        var connection = new ChannelConnection(socket, protocol, ChannelCount, isServer: true, limits);
        var channels = new WebSocketCommandChannels(connection, streams, protocol.HasStatus);

        // What nobody reads must not hold up the rest.
        foreach (var channel in connection.Channels)
        {
            if (channel != channels.Stdin && channel != channels.Resize)
            {
                channel.DiscardReceived();
            }
        }

        return channels;
    }

    /// <summary>Tells the client that all is there, by a message without data on the first channel that it reads.</summary>
    public ValueTask GreetAsync(CancellationToken cancellation) => (Stdout ?? Stderr ?? Error).WriteAsync(default, cancellation);

    public Task CloseAsync() => _connection.CloseAsync();

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
