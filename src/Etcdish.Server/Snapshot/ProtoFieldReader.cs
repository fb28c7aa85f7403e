namespace Etcdish.Server.Snapshot;

/// <summary>Steps through a protobuf message that has only numbers and byte strings, which is all that snapshots hold.</summary>
/// <param name="message">The encoded message.</param>
internal struct ProtoFieldReader(ReadOnlyMemory<byte> message)
{
    private readonly ReadOnlyMemory<byte> _message = message;
    private int _position = 0;

    /// <summary>Field number and wire type of the current field, as on the wire.</summary>
    public ulong Tag { get; private set; }

    /// <summary>The number of a numeric field.</summary>
    public long Number { get; private set; }

    /// <summary>The content of a byte string; shares the message's memory.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <summary>Whether the message ended in the middle of a field or held something else than numbers and byte strings.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Steps to the next field; false at the end and at damage.</summary>
    public bool MoveNext()
    {
        ReadOnlySpan<byte> rest = _message.Span[_position..];
        if (rest.IsEmpty || IsDamaged)
            return false;
        IsDamaged = !Varint.TryRead(ref rest, out ulong tag) || !Varint.TryRead(ref rest, out ulong number) || !Take(tag, number, ref rest);
        _position = _message.Length - rest.Length;
        return !IsDamaged;
    }

    private bool Take(ulong tag, ulong number, ref ReadOnlySpan<byte> rest)
    {
        Tag = tag;
        Number = (long)number;
        Bytes = default;
        if ((tag & 7) == Varint.WireVarint)
            return true;
        if ((tag & 7) != Varint.WireBytes || number > (ulong)rest.Length)
            return false;
        Bytes = _message.Slice(_message.Length - rest.Length, (int)number);
        rest = rest[(int)number..];
        return true;
    }
}
