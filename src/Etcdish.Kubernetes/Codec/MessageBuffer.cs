using System.Buffers;
using System.Buffers.Binary;

namespace Etcdish.Kubernetes;

/// <summary>
/// A growing, pooled buffer in which protobuf messages are put together: lengths stand before contents, so contents are written first and
/// moved behind their length when it is known.
/// </summary>
internal sealed class MessageBuffer(int maxLength) : IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(1024);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Dispose()
    {
        var bytes = Interlocked.Exchange(ref _bytes, []);
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>Space for at most <paramref name="size"/> bytes, of which <see cref="Advance"/> keeps some.</summary>
    public Span<byte> Reserve(int size)
    {
        if (size > _bytes.Length - Length)
        {
            Grow(size);
        }

        return _bytes.AsSpan(Length);
    }

    public void Advance(int count) => Length += count;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
    }

    public void AppendVarint(ulong value)
    {
        var target = Reserve(10);
        Length += WriteVarint(target, value);
    }

    public void AppendTag(int number, WireType type) => AppendVarint(((ulong)number << 3) | (uint)type);

    public void AppendFixed64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Reserve(8), value);
        Length += 8;
    }

    /// <summary>A field of bytes.</summary>
    public void AppendBytes(int number, ReadOnlySpan<byte> bytes)
    {
        AppendTag(number, WireType.Bytes);
        AppendVarint((ulong)bytes.Length);
        Append(bytes);
    }

    /// <summary>Appends what already stands at a place.</summary>
    public void AppendCopy(int start, int length)
    {
        Reserve(length);
        _bytes.AsSpan(start, length).CopyTo(_bytes.AsSpan(Length));
        Length += length;
    }

    /// <summary>Makes everything from <paramref name="start"/> on the content of a field: puts tag and length before it.</summary>
    public void WrapFrom(int start, int number)
    {
        var content = Length - start;
        Span<byte> head = stackalloc byte[20];
        var size = WriteVarint(head, ((ulong)number << 3) | (uint)WireType.Bytes);
        size += WriteVarint(head[size..], (ulong)content);
        Reserve(size);
        _bytes.AsSpan(start, content).CopyTo(_bytes.AsSpan(start + size));
        head[..size].CopyTo(_bytes.AsSpan(start));
        Length += size;
    }

    /// <summary>Puts everything from <paramref name="source"/> on in the place of what stands between the two.</summary>
    public void MoveDown(int source, int target)
    {
        _bytes.AsSpan(source, Length - source).CopyTo(_bytes.AsSpan(target));
        Length -= source - target;
    }

    private static int WriteVarint(Span<byte> target, ulong value)
    {
        var size = 0;
        while (value >= 0x80)
        {
            target[size++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[size++] = (byte)value;
        return size;
    }

    private void Grow(int size)
    {
        if (Length + (long)size > maxLength)
        {
            throw new WireFormatException($"the object is larger than {maxLength} bytes");
        }

        var grown = ArrayPool<byte>.Shared.Rent((int)Math.Min(int.MaxValue / 2, Math.Max(Length + (long)size, _bytes.Length * 2L)));
        Written.CopyTo(grown);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = grown;
    }
}
