using System.Runtime.InteropServices;

namespace Etcdish.Log;

/// <summary>
/// The records appended since the last commit, encoded as they will stand in the files: one run of bytes per segment that they touch
/// (nearly always one). Dropping it leaves the log as it was committed.
/// </summary>
internal sealed class LogBatch
{
    private const int KeptBytes = 4 << 20;

    private readonly List<Run> _runs = [];
    private byte[] _buffer = new byte[4 << 10];
    private int _length;

    internal bool IsEmpty => _length == 0;

    internal ReadOnlySpan<Run> Runs => CollectionsMarshal.AsSpan(_runs);

    /// <summary>Begins a run at an offset of a segment.</summary>
    internal void BeginRun(Segment segment, uint offset) => _runs.Add(new Run(segment, offset, _length, 0));

    /// <summary>Room for <paramref name="count"/> more bytes of the current run; all of them are to be written.</summary>
    internal Span<byte> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Array.Resize(ref _buffer, (int)Math.Min(Array.MaxLength, Math.Max((long)_length + count, 2L * _buffer.Length)));
        }

        Span<byte> span = _buffer.AsSpan(_length, count);
        _length += count;
        CollectionsMarshal.AsSpan(_runs)[^1].Length += count;
        return span;
    }

    internal ReadOnlySpan<byte> Bytes(in Run run) => _buffer.AsSpan(run.Start, run.Length);

    internal void Clear()
    {
        _runs.Clear();
        _length = 0;
        if (_buffer.Length > KeptBytes)
        {
            _buffer = new byte[KeptBytes];
        }
    }

    /// <summary>Consecutive bytes for one segment.</summary>
    internal record struct Run(Segment Segment, uint Offset, int Start, int Length);
}
