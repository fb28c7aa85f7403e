namespace Etcdish.Store;

/// <summary>Walks over the fields of a protobuf message that nobody has checked yet.</summary>
internal ref struct WatchFieldReader(ReadOnlySpan<byte> message)
{
    private const int MaxGroupDepth = 100;

    private ReadOnlySpan<byte> _rest = message;

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>Reads the next field's tag, or tells that there is none.</summary>
    public bool ReadTag(out int field, out int wireType)
    {
        field = wireType = 0;
        if (_rest.IsEmpty)
            return false;

        ulong tag = ReadVarint();
        if (tag is < 8 or > uint.MaxValue)
            throw new MalformedRequestException("watch request: illegal field number");

        field = (int)(tag >> 3);
        wireType = (int)(tag & 7);
        return true;
    }

    public ulong ReadVarint()
    {
        ulong value = 0;
        for (int i = 0; i < _rest.Length && i < 10; i++)
        {
            byte part = _rest[i];
            if (i == 9 && part > 1)
                break;

            value |= (ulong)(part & 0x7f) << (7 * i);
            if (part < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        throw new MalformedRequestException("watch request: truncated or overlong varint");
    }

    public ReadOnlySpan<byte> ReadBytes()
    {
        ulong length = ReadVarint();
        return length <= (ulong)_rest.Length ? Take((int)length) : throw Truncated();
    }

    /// <summary>Skips the value of a field whose tag was just read.</summary>
    public void Skip(int field, int wireType) => Skip(field, wireType, depth: 0);

    private void Skip(int field, int wireType, int depth)
    {
        switch (wireType)
        {
            case 0: ReadVarint(); break;
            case 1: Take(8); break;
            case 2: ReadBytes(); break;
            case 3 when depth < MaxGroupDepth: SkipGroup(field, depth); break;
            case 5: Take(4); break;
            default: throw new MalformedRequestException("watch request: illegal wire type");
        }
    }

    private void SkipGroup(int group, int depth)
    {
        while (ReadTag(out int field, out int wireType))
        {
            if (wireType != 4)
                Skip(field, wireType, depth + 1);
            else if (field == group)
                return;
            else
                throw new MalformedRequestException("watch request: mismatched end of group");
        }

        throw Truncated();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw Truncated();

        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static MalformedRequestException Truncated() => new("watch request: truncated field");
}
