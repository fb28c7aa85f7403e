using System.Buffers.Binary;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// A SETTINGS frame (RFC 9113, section 6.5): entries of a 16-bit identifier and a 32-bit value. Of what a client can ask, only the window
/// of its streams matters to a server that pushes nothing, compresses its headers statelessly and sends frames of the default size.
/// </summary>
internal static class PeerSettings
{
    public const int EntryBytes = 6;
    public const int DefaultWindow = 65_535;

    private const int EnablePush = 2;
    private const int MaxConcurrentStreams = 3;
    private const int InitialWindowSize = 4;
    private const int MaxFrameSize = 5;
    private const int MaxHeaderListSize = 6;
    private const uint LargestFrameSize = (1 << 24) - 1;

    /// <summary>Reads and checks a client's settings.</summary>
    /// <param name="payload">The frame's payload.</param>
    /// <param name="initialWindow">The window it has now; the one it asks for afterwards.</param>
    /// <exception cref="Http2ConnectionException">A value is out of range, or the length is no multiple of six.</exception>
    public static int ReadInitialWindow(ReadOnlySpan<byte> payload, int initialWindow)
    {
        if (payload.Length % EntryBytes != 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FrameSizeError, "a SETTINGS frame is made of entries of six bytes");
        }

        for (; payload.Length > 0; payload = payload[EntryBytes..])
        {
            uint value = BinaryPrimitives.ReadUInt32BigEndian(payload[2..]);
            switch (BinaryPrimitives.ReadUInt16BigEndian(payload))
            {
                case EnablePush when value > 1:
                    throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, "SETTINGS_ENABLE_PUSH is 0 or 1");
                case InitialWindowSize when value > int.MaxValue:
                    throw new Http2ConnectionException(Http2ErrorCode.FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE is at most 2^31-1");
                case InitialWindowSize:
                    initialWindow = (int)value;
                    break;
                case MaxFrameSize when value is < FrameHeader.MaxPayload or > LargestFrameSize:
                    throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, "SETTINGS_MAX_FRAME_SIZE is from 2^14 to 2^24-1");
                default:
                    break;
            }
        }

        return initialWindow;
    }

    /// <summary>Writes the server's own settings; returns their length.</summary>
    public static int Write(Span<byte> payload, int maxStreams, int streamWindow, int maxHeaderListBytes)
    {
        WriteEntry(payload, MaxConcurrentStreams, maxStreams);
        WriteEntry(payload[EntryBytes..], InitialWindowSize, streamWindow);
        WriteEntry(payload[(2 * EntryBytes)..], MaxHeaderListSize, maxHeaderListBytes);
        return 3 * EntryBytes;
    }

    private static void WriteEntry(Span<byte> entry, ushort identifier, int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(entry, identifier);
        BinaryPrimitives.WriteInt32BigEndian(entry[2..], value);
    }
}
