namespace Etcdish.Load.Workloads;

/// <summary>Walks over protobuf fields without building messages.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Tag of the field found: its number and wire type.</summary>
    public int Tag { get; private set; }

    /// <summary>Value of a varint field.</summary>
    public ulong Number { get; private set; }

    /// <summary>Contents of a length-delimited field.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public static bool HasField(ReadOnlySpan<byte> message, int tag)
    {
        WireReader reader = new(message);
        while (reader.Next())
        {
            if (reader.Tag == tag)
            {
                return true;
            }
        }

        return false;
    }

    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        Tag = (int)ReadVarint();
        switch (Tag & 7)
        {
            case 0:
                Number = ReadVarint();
                break;
            case 1:
                _rest = _rest[8..];
                break;
            case 2:
                int length = (int)ReadVarint();
                Bytes = _rest[..length];
                _rest = _rest[length..];
                break;
            case 5:
                _rest = _rest[4..];
                break;
            default:
                throw new InvalidDataException($"wire type {Tag & 7} in an answer");
        }

        return true;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int i = 0; i < _rest.Length && i < 10; i++)
        {
            value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
            if (_rest[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        throw new InvalidDataException("a varint does not end");
    }
}
