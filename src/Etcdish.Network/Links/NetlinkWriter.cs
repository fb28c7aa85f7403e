using System.Buffers.Binary;
using System.Text;

namespace Etcdish.Network.Links;

/// <summary>Writes messages to the kernel's packet filter, one after the other.</summary>
/// <remarks>
/// <code>
/// message    length u32, type u16 (subsystem, then operation), flags u16, sequence u32, port u32; in the machine's byte order
/// header     family u8, version u8, resource u16 (big-endian)
/// attribute  length u16 (with these four bytes), type u16, value, padded to a multiple of four; numbers in values are big-endian
/// </code>
/// </remarks>
internal sealed class NetlinkWriter
{
    /// <summary>The length of a message without attributes.</summary>
    public const int HeaderLength = 16 + 4;

    /// <summary>A flag of each request.</summary>
    public const int Request = 1;

    /// <summary>The flag of a request that is to be answered even if nothing is wrong.</summary>
    public const int Acknowledge = 4;

    /// <summary>The type of a message that tells how a request went.</summary>
    public const int ErrorMessage = 2;

    private const int AttributeHeader = 4;
    private const ushort Nested = 0x8000;

    private byte[] _bytes = new byte[1024];

    /// <summary>How many bytes are written.</summary>
    public int Length { get; private set; }

    /// <summary>What is written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>The length that a message or an attribute takes up.</summary>
    public static int Align(int length) => (length + 3) & ~3;

    /// <summary>Begins a message; its place, for its end.</summary>
    public int BeginMessage(int type, int flags, uint sequence, byte family, ushort resource = 0)
    {
        var start = Length;
        var header = Take(HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], (ushort)type);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], (ushort)flags);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], sequence);
        header[16] = family;
        BinaryPrimitives.WriteUInt16BigEndian(header[18..], resource);
        return start;
    }

    /// <summary>Ends a message.</summary>
    public void EndMessage(int start) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(start), (uint)(Length - start));

    /// <summary>Adds a flag to a message.</summary>
    public void AddFlag(int start, int flag) => _bytes[start + 6] |= (byte)flag;

    /// <summary>Begins an attribute of attributes; its place, for its end.</summary>
    public int BeginNested(int type)
    {
        var start = Length;
        BinaryPrimitives.WriteUInt16LittleEndian(Take(AttributeHeader)[2..], (ushort)(type | Nested));
        return start;
    }

    /// <summary>Ends an attribute of attributes.</summary>
    public void EndNested(int start) => BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(start), (ushort)(Length - start));

    /// <summary>Writes an attribute.</summary>
    public void Attribute(int type, ReadOnlySpan<byte> value) => value.CopyTo(TakeAttribute(type, value.Length));

    /// <summary>Writes an attribute that is a text.</summary>
    public void Attribute(int type, string text) => Encoding.UTF8.GetBytes(text, TakeAttribute(type, Encoding.UTF8.GetByteCount(text) + 1));

    /// <summary>Writes an attribute that is a number.</summary>
    public void Attribute(int type, int number) => BinaryPrimitives.WriteInt32BigEndian(TakeAttribute(type, sizeof(int)), number);

    /// <summary>Writes attributes that are there as bytes.</summary>
    public void Raw(ReadOnlySpan<byte> attributes) => attributes.CopyTo(Take(attributes.Length));

    private Span<byte> TakeAttribute(int type, int length)
    {
        var attribute = Take(AttributeHeader + Align(length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)(AttributeHeader + length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], (ushort)type);
        return attribute.Slice(AttributeHeader, length);
    }

    /// <summary>The next so many bytes, all zero.</summary>
    private Span<byte> Take(int count)
    {
        if (Length + count > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }

        Length += count;
        return _bytes.AsSpan(Length - count, count);
    }
}
