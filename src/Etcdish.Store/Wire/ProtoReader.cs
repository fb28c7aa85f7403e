using System.Runtime.CompilerServices;

namespace Etcdish.Store;

/// <summary>
/// Walks over the fields of one protobuf message without copying. Whatever the input, it ends or throws
/// <see cref="MalformedRequestException"/>; a field of an unexpected wire type counts as unknown and is skipped, as in other codecs.
/// </summary>
internal ref struct ProtoReader
{
    public const int Varint = 0;
    public const int Fixed64 = 1;
    public const int LengthDelimited = 2;
    public const int StartGroup = 3;
    public const int EndGroup = 4;
    public const int Fixed32 = 5;

    private const int MaxGroupDepth = 100;

    private readonly ReadOnlyMemory<byte> _memory;
    private readonly ReadOnlySpan<byte> _span;
    private int _position;

    public ProtoReader(ReadOnlyMemory<byte> message)
    {
        _memory = message;
        _span = message.Span;
    }

    /// <summary>Whether all of the message was read.</summary>
    public readonly bool IsAtEnd => _position == _span.Length;

    /// <summary>Field number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Wire type of the current field.</summary>
    public int WireType { get; private set; }

    /// <summary>Moves to the next field.</summary>
    /// <returns>False at the end of the message.</returns>
    public bool MoveNext()
    {
        if (_position == _span.Length)
        {
            return false;
        }

        var tag = ReadVarint();
        if (tag >> 3 is 0 or > 0x1FFFFFFF)
        {
            throw new MalformedRequestException("proto: illegal tag");
        }

        Field = (int)(tag >> 3);
        WireType = (int)(tag & 7);
        if (WireType == EndGroup)
        {
            throw new MalformedRequestException("proto: wiretype end group for non-group");
        }

        return true;
    }

    /// <summary>Whether the current field has this number and type; if not, the caller goes on asking or skips it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool Is(int field, int wireType) => Field == field && WireType == wireType;

    public long ReadInt64() => (long)ReadVarint();

    public int ReadEnum() => (int)ReadVarint();

    public bool ReadBool() => ReadVarint() != 0;

    public ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (_position >= _span.Length)
            {
                throw Truncated();
            }

            var next = _span[_position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return shift == 63 && next > 1 ? throw new MalformedRequestException("proto: integer overflow") : value;
            }
        }

        throw new MalformedRequestException("proto: integer overflow");
    }

    /// <summary>The bytes of a bytes field or of an embedded message, as a slice of the input.</summary>
    public ReadOnlyMemory<byte> ReadBytes()
    {
        var length = ReadVarint();
        if (length > (ulong)(_span.Length - _position))
        {
            throw Truncated();
        }

        var bytes = _memory.Slice(_position, (int)length);
        _position += (int)length;
        return bytes;
    }

    /// <summary>Skips the value of the current field.</summary>
    public void Skip() => Skip(Field, WireType, depth: 0);

    private static MalformedRequestException Truncated() => new("unexpected EOF");

    private void Skip(int field, int wireType, int depth)
    {
        switch (wireType)
        {
            case Varint:
                ReadVarint();
                break;
            case Fixed64:
                Advance(sizeof(ulong));
                break;
            case LengthDelimited:
                ReadBytes();
                break;
            case StartGroup when depth < MaxGroupDepth:
                SkipGroup(field, depth);
                break;
            case Fixed32:
                Advance(sizeof(uint));
                break;
            default:
                throw new MalformedRequestException($"proto: illegal wireType {wireType}");
        }
    }

    private void SkipGroup(int field, int depth)
    {
        while (true)
        {
            var tag = ReadVarint();
            var (inner, wireType) = (tag >> 3, (int)(tag & 7));
            if (inner is 0 or > 0x1FFFFFFF)
            {
                throw new MalformedRequestException("proto: illegal tag");
            }

            if (wireType != EndGroup)
            {
                Skip((int)inner, wireType, depth + 1);
            }
            else if ((int)inner == field)
            {
                return;
            }
            else
            {
                throw new MalformedRequestException("proto: mismatched end group");
            }
        }
    }

    private void Advance(int bytes)
    {
        if (bytes > _span.Length - _position)
        {
            throw Truncated();
        }

        _position += bytes;
    }
}
