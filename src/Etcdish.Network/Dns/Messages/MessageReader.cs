using System.Buffers.Binary;

namespace Etcdish.Network.Dns.Messages;

/// <summary>
/// Reads the questions and records of a message one after the other. It believes nothing: whatever the bytes are, each step either gives
/// something that lies within the message or says that there is none.
/// </summary>
internal ref struct MessageReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;

    /// <summary>What comes next.</summary>
    public int Offset { get; private set; } = DnsHeader.Bytes;

    /// <summary>Reads a question.</summary>
    /// <param name="name">Gets its name; at least <see cref="WireName.MaxBytes"/>.</param>
    /// <param name="question">The question.</param>
    public bool TryReadQuestion(scoped Span<byte> name, out DnsQuestion question)
    {
        question = default;
        var at = Offset;
        if (!WireName.TryRead(_message, ref at, name, out var length) || at + 4 > _message.Length)
        {
            return false;
        }

        question = new DnsQuestion(
            length,
            (RecordType)BinaryPrimitives.ReadUInt16BigEndian(_message[at..]),
            BinaryPrimitives.ReadUInt16BigEndian(_message[(at + 2)..]));
        Offset = at + 4;
        return true;
    }

    /// <summary>Reads a record.</summary>
    /// <param name="name">Gets its owner; at least <see cref="WireName.MaxBytes"/>.</param>
    /// <param name="record">The record.</param>
    public bool TryReadRecord(scoped Span<byte> name, out DnsRecord record)
    {
        record = default;
        var at = Offset;
        if (!WireName.TryRead(_message, ref at, name, out var length) || at + 10 > _message.Length)
        {
            return false;
        }

        var fields = _message[at..];
        record = new DnsRecord(
            length,
            (RecordType)BinaryPrimitives.ReadUInt16BigEndian(fields),
            BinaryPrimitives.ReadUInt16BigEndian(fields[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(fields[4..]),
            at + 10,
            BinaryPrimitives.ReadUInt16BigEndian(fields[8..]));
        Offset = record.DataOffset + record.DataLength;
        return Offset <= _message.Length;
    }

    /// <summary>A record's data with its names written out.</summary>
    /// <param name="record">A record of this message.</param>
    /// <param name="space">Room for names; at least <see cref="RecordShape.MaxBytes"/>.</param>
    /// <param name="data">The data: where it lies, or in <paramref name="space"/>.</param>
    /// <returns>Whether it is as its type has it.</returns>
    public readonly bool TryExpand(DnsRecord record, Span<byte> space, out ReadOnlySpan<byte> data)
    {
        data = _message.Slice(record.DataOffset, record.DataLength);
        var shape = RecordShape.Of(record.Type);
        if (shape.Names == 0)
        {
            return HasSizeOf(record.Type, record.DataLength);
        }

        var end = record.DataOffset + record.DataLength;
        var at = record.DataOffset + shape.Before;
        if (at > end)
        {
            return false;
        }

        data[..shape.Before].CopyTo(space);
        var filled = shape.Before;
        for (var i = 0; i < shape.Names; i++)
        {
            if (!WireName.TryRead(_message[..end], ref at, space[filled..], out var length))
            {
                return false;
            }

            filled += length;
        }

        var after = record.Type == RecordType.Soa ? 20 : 0;
        if (end - at != after)
        {
            return false;
        }

        _message[at..end].CopyTo(space[filled..]);
        data = space[..(filled + after)];
        return true;
    }

    private static bool HasSizeOf(RecordType type, int length) => type switch
    {
        RecordType.A => length == 4,
        RecordType.Aaaa => length == 16,
        _ => true,
    };
}

/// <summary>A question, whose name is elsewhere.</summary>
/// <param name="NameLength">The bytes of its name.</param>
/// <param name="Type">The type asked for.</param>
/// <param name="Class">The class; 1 is the Internet.</param>
internal readonly record struct DnsQuestion(int NameLength, RecordType Type, ushort Class)
{
    /// <summary>The class of the Internet, the only one in use.</summary>
    public const ushort Internet = 1;

    /// <summary>Any class.</summary>
    public const ushort AnyClass = 255;
}

/// <summary>A record, whose name and data are elsewhere.</summary>
/// <param name="NameLength">The bytes of its owner.</param>
/// <param name="Type">Its type.</param>
/// <param name="Class">Its class.</param>
/// <param name="Ttl">For how many seconds it may be kept.</param>
/// <param name="DataOffset">Where its data begins in the message.</param>
/// <param name="DataLength">The bytes of its data.</param>
internal readonly record struct DnsRecord(int NameLength, RecordType Type, ushort Class, uint Ttl, int DataOffset, int DataLength);
