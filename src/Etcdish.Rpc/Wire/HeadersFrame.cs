using System.Buffers.Binary;

namespace Etcdish.Rpc.Wire;

/// <summary>
/// A HEADERS frame of HTTP/2 (RFC 9113, 6.2) as it lies on the wire:
/// <code>
/// length 3 | type 1 | flags 1 | stream 4 | [pad length 1] | [priority 5] | header block or its beginning | [padding]
/// </code>
/// </summary>
internal static class HeadersFrame
{
    /// <summary>Length of any frame's header in bytes.</summary>
    public const int FrameHeaderBytes = 9;

    /// <summary>The type.</summary>
    public const byte Type = 1;

    /// <summary>Longest payload in bytes: what every side must take, and what Kestrel takes unless told otherwise.</summary>
    public const int MaxPayloadBytes = 16 * 1024;

    private const byte PaddedFlag = 0x08;
    private const byte PriorityFlag = 0x20;
    private const int PriorityBytes = 5;

    /// <summary>Replaces a URL in the frame's <c>:authority</c> by its host and port.</summary>
    /// <param name="frame">The frame whole.</param>
    /// <returns>The new frame; null when there is nothing to replace, or the frame is malformed, or it would get too long.</returns>
    public static byte[]? ReplaceUrlAuthority(ReadOnlySpan<byte> frame)
    {
        byte flags = frame[4];
        int start = FrameHeaderBytes;
        int end = frame.Length;
        if ((flags & PaddedFlag) != 0)
        {
            if (start == end)
            {
                return null;
            }

            end -= frame[start++];
        }

        start += (flags & PriorityFlag) != 0 ? PriorityBytes : 0;
        return start < end && HeaderBlock.ReplaceUrlAuthority(frame[start..end]) is { } block
            ? Assemble(frame[..start], block, frame[end..])
            : null;
    }

    private static byte[]? Assemble(ReadOnlySpan<byte> before, ReadOnlySpan<byte> block, ReadOnlySpan<byte> padding)
    {
        int length = before.Length + block.Length + padding.Length - FrameHeaderBytes;
        if (length > MaxPayloadBytes)
        {
            return null;
        }

        byte[] frame = [.. before, .. block, .. padding];
        frame[0] = (byte)(length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)length);
        return frame;
    }
}
