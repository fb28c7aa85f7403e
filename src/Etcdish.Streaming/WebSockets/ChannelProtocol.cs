namespace Etcdish.Streaming.WebSockets;

/// <summary>A subprotocol by which streams share a WebSocket: each message begins with the number of its channel.</summary>
/// <param name="Name">Its name; empty where the client named none.</param>
/// <param name="IsBase64">Messages are text: a digit, and the data in base64.</param>
/// <param name="HasStatus">A command's end is told as a Status in JSON; else as a text, and by silence if it went well.</param>
/// <param name="HasHalfClose">The client can complete a channel, by a message on channel 255 with the channel's number.</param>
internal sealed record ChannelProtocol(string Name, bool IsBase64, bool HasStatus, bool HasHalfClose)
{
    /// <summary>The channel of half-closes.</summary>
    public const byte CloseChannel = 255;

    public static ChannelProtocol V5 { get; } = new("v5.channel.k8s.io", IsBase64: false, HasStatus: true, HasHalfClose: true);

    public static ChannelProtocol V4 { get; } = new("v4.channel.k8s.io", IsBase64: false, HasStatus: true, HasHalfClose: false);

    public static ChannelProtocol V4Base64 { get; } = new("v4.base64.channel.k8s.io", IsBase64: true, HasStatus: true, HasHalfClose: false);

    public static ChannelProtocol V1 { get; } = new("channel.k8s.io", IsBase64: false, HasStatus: false, HasHalfClose: false);

    public static ChannelProtocol V1Base64 { get; } = new("base64.channel.k8s.io", IsBase64: true, HasStatus: false, HasHalfClose: false);

    /// <summary>What is spoken with a client that names no protocol.</summary>
    public static ChannelProtocol Unnamed { get; } = V1 with { Name = "" };
}
