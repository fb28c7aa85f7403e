using System.Buffers;
using System.Text;

namespace Etcdish.Store.Tests;

/// <summary>A log in memory: entries become segments, values are read back from them with their checksum.</summary>
internal sealed class TestLog : IValueSource
{
    private const int SegmentSize = 4096;

    private readonly List<ArrayBufferWriter<byte>> _segments = [];
    private int _openScopes;

    public ulong LastIndex { get; set; }

    public bool HasOpenScopes => _openScopes != 0;

    public int Reads { get; private set; }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    public StoreEntry Append(EntryKind kind, Action<IBufferWriter<byte>> encode)
    {
        if (_segments.Count == 0 || _segments[^1].WrittenCount > SegmentSize)
        {
            _segments.Add(new ArrayBufferWriter<byte>());
            _segments[^1].Write("segment header"u8);
        }

        var segment = _segments[^1];
        segment.Write("record header"u8);
        var offset = segment.WrittenCount;
        encode(segment);
        return new StoreEntry(
            ++LastIndex, 7, kind, segment.WrittenMemory[offset..].ToArray(), (uint)_segments.Count - 1, (uint)offset);
    }

    /// <summary>Copies a value to another place, as the collector does.</summary>
    public ValueReference Copy(in ValueReference value)
    {
        var bytes = Read(value);
        var segment = new ArrayBufferWriter<byte>();
        segment.Write("moved"u8);
        segment.Write(bytes);
        _segments.Add(segment);
        return value with { Segment = (uint)_segments.Count - 1, Offset = 5 };
    }

    public byte[] Read(in ValueReference value)
    {
        var bytes = new byte[value.Length];
        if (value.Length > 0)
        {
            Read(value, bytes);
        }

        return bytes;
    }

    public void Read(in ValueReference reference, Span<byte> destination)
    {
        Reads++;
        _segments[(int)reference.Segment].WrittenSpan.Slice((int)reference.Offset, reference.Length).CopyTo(destination);
        if (Crc32C.Compute(destination) != reference.Checksum)
        {
            throw new DamagedValueException($"segment {reference.Segment} offset {reference.Offset}");
        }
    }

    public ReadScope EnterRead()
    {
        Interlocked.Increment(ref _openScopes);
        return new ReadScope(this, 0);
    }

    public void ExitRead(int token) => Interlocked.Decrement(ref _openScopes);
}
