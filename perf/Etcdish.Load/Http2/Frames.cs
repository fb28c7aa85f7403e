using System.Buffers.Binary;

namespace Etcdish.Load.Http2;

/// <summary>Frame layout of HTTP/2 (RFC 9113 §4 and §6), as far as a gRPC client needs it.</summary>
internal static class Frames
{
    public const int HeaderSize = 9;
    public const int DefaultWindow = 65_535;
    public const int MaxWindow = int.MaxValue;
    public const int DefaultMaxPayload = 16_384;

    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte ResetStream = 3;
    public const byte Settings = 4;
    public const byte PushPromise = 5;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;

    public const byte Ack = 0x1;
    public const byte EndStream = 0x1;
    public const byte EndHeaders = 0x4;
    public const byte Padded = 0x8;
    public const byte Priority = 0x20;

    public const int SettingHeaderTableSize = 1;
    public const int SettingEnablePush = 2;
    public const int SettingInitialWindow = 4;
    public const int SettingMaxFrame = 5;
    public const int SettingSize = 6;

    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public static void WriteHeader(Span<byte> target, int length, byte type, byte flags, int stream)
    {
        target[0] = (byte)(length >> 16);
        target[1] = (byte)(length >> 8);
        target[2] = (byte)length;
        target[3] = type;
        target[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(target[5..], stream);
    }

    public static int ReadLength(ReadOnlySpan<byte> header) => (header[0] << 16) | (header[1] << 8) | header[2];

    /// <summary>The payload without padding and priority fields.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> payload, byte flags, bool mayCarryPriority)
    {
        if ((flags & Padded) != 0)
        {
            payload = payload[1..^payload[0]];
        }

        return mayCarryPriority && (flags & Priority) != 0 ? payload[5..] : payload;
    }
}
