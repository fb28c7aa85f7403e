using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Etcdish.Store;

/// <summary>Reads the content of a checkpoint frame; anything that does not fit is an <see cref="InvalidDataException"/>.</summary>
internal ref struct CheckpointReader(ReadOnlySpan<byte> content)
{
    private readonly ReadOnlySpan<byte> _content = content;
    private int _position;

    public readonly bool IsAtEnd => _position == _content.Length;

    public static InvalidDataException Damaged(string what) => new($"the store's checkpoint is damaged: {what}");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadVarint()
    {
        if (_position < _content.Length && _content[_position] < 0x80)
        {
            return _content[_position++];
        }

        return ReadLongVarint();
    }

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(sizeof(uint)));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(ReadBytes(sizeof(ulong)));

    public uint ReadVarint32()
    {
        var value = ReadVarint();
        return value <= uint.MaxValue ? (uint)value : throw Damaged("a number is too large");
    }

    public ReadOnlySpan<byte> ReadBytes(ulong length)
    {
        if (length > (ulong)(_content.Length - _position))
        {
            throw Damaged("a frame ends too early");
        }

        var bytes = _content.Slice(_position, (int)length);
        _position += (int)length;
        return bytes;
    }

    private ulong ReadLongVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (_position >= _content.Length)
            {
                throw Damaged("a frame ends too early");
            }

            var next = _content[_position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Damaged("a number is too long");
    }
}
