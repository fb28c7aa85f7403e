namespace Etcdish.Log;

/// <summary>A place in the log. Positions are ordered as the records were appended.</summary>
/// <param name="Segment">Number of the segment, from 1.</param>
/// <param name="Offset">Bytes from the start of the segment file.</param>
public readonly record struct LogPosition(uint Segment, uint Offset) : IComparable<LogPosition>
{
    /// <summary>Where the first record of every log begins: the place to replay from when there is no checkpoint.</summary>
    public static LogPosition Beginning => new(1, LogFormat.SegmentHeaderBytes);

    /// <inheritdoc/>
    public int CompareTo(LogPosition other) =>
        Segment != other.Segment ? Segment.CompareTo(other.Segment) : Offset.CompareTo(other.Offset);

    /// <summary>Whether <paramref name="left"/> lies before <paramref name="right"/>.</summary>
    public static bool operator <(LogPosition left, LogPosition right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> lies after <paramref name="right"/>.</summary>
    public static bool operator >(LogPosition left, LogPosition right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> does not lie after <paramref name="right"/>.</summary>
    public static bool operator <=(LogPosition left, LogPosition right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> does not lie before <paramref name="right"/>.</summary>
    public static bool operator >=(LogPosition left, LogPosition right) => left.CompareTo(right) >= 0;

    /// <summary>Segment and offset, as they appear in messages.</summary>
    public override string ToString() => $"{LogFormat.SegmentName(Segment)}@{Offset}";
}
