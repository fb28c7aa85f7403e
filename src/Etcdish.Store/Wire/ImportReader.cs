namespace Etcdish.Store;

/// <summary>Reads the payload of an import entry, see <see cref="ImportFormat"/>; whatever the bytes, it ends or throws.</summary>
internal ref struct ImportReader
{
    private readonly ReadOnlyMemory<byte> _payload;
    private readonly ReadOnlySpan<byte> _span;
    private int _position;

    public ImportReader(ReadOnlyMemory<byte> payload)
    {
        _payload = payload;
        _span = payload.Span;
    }

    public readonly bool IsAtEnd => _position == _span.Length;

    /// <summary>Where the value of the version just read begins in the payload.</summary>
    public int ValueOffset { get; private set; }

    public ImportPart ReadHead()
    {
        if (_span.Length < ImportFormat.HeadBytes)
        {
            throw Malformed("it is shorter than its head");
        }

        if (_span[0] != ImportFormat.Version)
        {
            throw Malformed($"it is of format version {_span[0]}; this program reads {ImportFormat.Version}");
        }

        _position = ImportFormat.HeadBytes;
        var part = (ImportPart)_span[1];
        return part is >= ImportPart.Versions and <= ImportPart.End ? part : throw Malformed("its part is unknown");
    }

    public ImportedVersion ReadVersion()
    {
        var modRevision = ReadNumber();
        var sub = ReadNumber();
        if (sub is < 0 or > ((long)int.MaxValue << 1 | 1))
        {
            throw Malformed("a sub-revision is out of range");
        }

        var key = ReadBytes();
        var version = new ImportedVersion(modRevision, (int)(sub >> 1), (sub & 1) != 0, key, 0, 0, 0, default);
        if (version.IsTombstone)
        {
            return version;
        }

        version = version with { CreateRevision = ReadNumber(), Version = ReadNumber(), Lease = ReadNumber() };
        var value = ReadBytes();
        ValueOffset = _position - value.Length;
        return version with { Value = value };
    }

    public LeaseInfo ReadLease() => new(ReadNumber(), ReadNumber(), ReadNumber());

    public ImportEnd ReadEnd()
    {
        List<AlarmMember> alarms = [];
        var end = new ImportEnd(ReadNumber(), ReadNumber(), ReadNumber(), ReadNumber(), alarms);
        while (!IsAtEnd)
        {
            var memberId = (ulong)ReadNumber();
            var type = ReadNumber();
            if (type is not ((long)AlarmType.NoSpace or (long)AlarmType.Corrupt))
            {
                throw new InvalidDataException($"an imported alarm is of the unknown kind {type}");
            }

            alarms.Add(new AlarmMember(memberId, (AlarmType)type));
        }

        return end;
    }

    private static MalformedRequestException Malformed(string what) => new($"an import entry cannot be read: {what}");

    private ReadOnlyMemory<byte> ReadBytes()
    {
        var length = ReadNumber();
        if (length < 0 || length > _span.Length - _position)
        {
            throw Malformed("a length reaches past its end");
        }

        var bytes = _payload.Slice(_position, (int)length);
        _position += (int)length;
        return bytes;
    }

    private long ReadNumber()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (_position == _span.Length)
            {
                throw Malformed("it ends inside a number");
            }

            var next = _span[_position++];
            if (shift == 63 && next > 1)
            {
                break;
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return (long)value;
            }
        }

        throw Malformed("a number is longer than 64 bits");
    }
}
