namespace Etcdish.Store;

/// <summary>
/// A range of keys by the convention of the whole API: an empty end is the single key, an end of one zero byte is "from the key on",
/// anything else is half-open. An end at or before the start is an empty range.
/// </summary>
internal readonly struct KeyRange
{
    private KeyRange(ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, bool isSingle, bool isUnbounded)
    {
        Start = start;
        End = end;
        IsSingle = isSingle;
        IsUnbounded = isUnbounded;
    }

    public ReadOnlyMemory<byte> Start { get; }

    public ReadOnlyMemory<byte> End { get; }

    public bool IsSingle { get; }

    public bool IsUnbounded { get; }

    /// <summary>Every key there can be.</summary>
    public static KeyRange Everything => new(default, default, isSingle: false, isUnbounded: true);

    public static KeyRange Of(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> rangeEnd)
    {
        if (rangeEnd.IsEmpty)
        {
            return new KeyRange(key, default, isSingle: true, isUnbounded: false);
        }

        var isUnbounded = rangeEnd.Length == 1 && rangeEnd.Span[0] == 0;
        return new KeyRange(key, isUnbounded ? default : rangeEnd, isSingle: false, isUnbounded);
    }

    /// <summary>Whether a key at or after the start still lies before the end.</summary>
    public bool EndsAfter(ReadOnlySpan<byte> key) => IsSingle
        ? key.SequenceEqual(Start.Span)
        : IsUnbounded || key.SequenceCompareTo(End.Span) < 0;
}
