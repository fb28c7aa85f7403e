using System.Buffers.Binary;

namespace Etcdish.Kubernetes;

/// <summary>The wire types of protobuf.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>Reads the fields of one protobuf message in place; every fault is a <see cref="WireFormatException"/>.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;

    /// <summary>The place of the next byte.</summary>
    public int Position { get; set; }

    public readonly bool IsAtEnd => Position >= _message.Length;

    /// <summary>The bytes from here to <paramref name="end"/>.</summary>
    public readonly ReadOnlySpan<byte> Rest(int end) => _message[Position..end];

    /// <summary>Reads a tag.</summary>
    public (int Number, WireType Type) ReadTag()
    {
        var tag = ReadVarint();
        var number = tag >> 3;
        if (number is 0 or > 0x1fff_ffff)
        {
            throw new WireFormatException($"protobuf: field number {number} is out of range");
        }

        return ((int)number, (WireType)(tag & 7));
    }

    /// <summary>Reads a varint of at most ten bytes.</summary>
    public ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (Position >= _message.Length)
            {
                throw new WireFormatException("protobuf: unexpected end of the message");
            }

            var b = _message[Position++];
            if (shift == 63 && b > 1)
            {
                break;
            }

            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new WireFormatException("protobuf: a varint is longer than 64 bits");
    }

    /// <summary>Reads a length and as many bytes.</summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        var length = ReadVarint();
        return Take(length > int.MaxValue ? int.MaxValue : (int)length);
    }

    public ulong ReadFixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>Passes over a value.</summary>
    public void Skip(WireType type)
    {
        switch (type)
        {
            case WireType.Varint:
                ReadVarint();
                break;
            case WireType.Fixed64:
                Take(8);
                break;
            case WireType.Bytes:
                ReadBytes();
                break;
            case WireType.Fixed32:
                Take(4);
                break;
            default:
                throw new WireFormatException($"protobuf: wire type {(int)type} is not supported");
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _message.Length - Position)
        {
            throw new WireFormatException("protobuf: unexpected end of the message");
        }

        Position += length;
        return _message.Slice(Position - length, length);
    }
}

/// <summary>A fault in protobuf bytes, before it is known which field it is in.</summary>
internal sealed class WireFormatException(string message) : Exception(message);
