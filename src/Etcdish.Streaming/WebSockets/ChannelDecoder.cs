using System.Buffers;
using System.Buffers.Text;

namespace Etcdish.Streaming.WebSockets;

/// <summary>What a part of a message means.</summary>
/// <param name="Channel">The channel; -1 if the part says nothing yet.</param>
/// <param name="IsClose">The channel is complete.</param>
/// <param name="Data">Data of the channel, valid until the next part is decoded.</param>
internal readonly record struct ChannelPart(int Channel, bool IsClose, ReadOnlyMemory<byte> Data)
{
    public static ChannelPart Nothing { get; } = new(-1, false, default);
}

/// <summary>Makes parts of channels of the parts of messages, as they come: a message is never held whole.</summary>
internal sealed class ChannelDecoder(ChannelProtocol protocol)
{
    private const int CharsPerGroup = 4;

    private readonly byte[] _group = new byte[CharsPerGroup];
    private int _groupChars;
    private int _channel = -1;

    /// <summary>Decodes a part of a message. What it returns may lie in the part's memory, which it overwrites.</summary>
    /// <param name="part">The bytes.</param>
    /// <param name="endOfMessage">Whether the message ends with them.</param>
    /// <exception cref="StreamingProtocolException">The message is malformed.</exception>
    public ChannelPart Decode(Memory<byte> part, bool endOfMessage)
    {
        if (_channel < 0 && part.Length > 0)
        {
            _channel = ReadChannel(part.Span[0]);
            part = part[1..];
        }

        var channel = _channel;
        if (endOfMessage)
        {
            _channel = -1;
        }

        if (channel < 0)
        {
            return ChannelPart.Nothing;
        }

        var data = protocol.IsBase64 ? DecodeBase64(part, endOfMessage) : part;
        if (!protocol.HasHalfClose || channel != ChannelProtocol.CloseChannel)
        {
            return new ChannelPart(channel, IsClose: false, data);
        }

        return data.Length > 0 ? new ChannelPart(data.Span[0], IsClose: true, default) : ChannelPart.Nothing;
    }

    private int ReadChannel(byte first)
    {
        if (!protocol.IsBase64)
        {
            return first;
        }

        return first is >= (byte)'0' and <= (byte)'9'
            ? first - '0'
            : throw new StreamingProtocolException("a message of text does not begin with the digit of its channel");
    }

    // Four characters make three bytes. Those that are left over wait for the next part.
    private ReadOnlyMemory<byte> DecodeBase64(ReadOnlyMemory<byte> part, bool endOfMessage)
    {
        byte[] text = [.. _group.AsSpan(0, _groupChars), .. part.Span];
        var whole = endOfMessage ? text.Length : text.Length - (text.Length % CharsPerGroup);
        if (Base64.DecodeFromUtf8InPlace(text.AsSpan(0, whole), out var count) != OperationStatus.Done)
        {
            throw new StreamingProtocolException("a message is not in base64");
        }

        _groupChars = text.Length - whole;
        text.AsSpan(whole).CopyTo(_group);
        return text.AsMemory(0, count);
    }
}
