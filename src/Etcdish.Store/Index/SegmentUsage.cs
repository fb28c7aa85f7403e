namespace Etcdish.Store;

/// <summary>
/// How many bytes it would take to copy the live values out of each log segment: value, key and a head for each version that refers to it.
/// Counted so, and not as bare values, a segment full of small live values is not taken for a mostly dead one. A value that several
/// versions share (ignore_value) counts for each of them. Zero exactly when a segment holds no live value.
/// </summary>
internal sealed class SegmentUsage
{
    /// <summary>Bytes that a copy takes beside key and value.</summary>
    public const int CopyHeadBytes = 20;

    private readonly SortedDictionary<uint, long> _liveBytes = [];
    private uint _lastSegment;
    private long _lastBytes;

    /// <summary>Bytes of keys and values of all retained versions.</summary>
    public long TotalBytes { get; private set; }

    /// <summary>Number of retained versions.</summary>
    public long Versions { get; private set; }

    public void Add(KeyRevision version)
    {
        Versions++;
        TotalBytes += version.Key.Length + version.ValueLength;
        AddToSegment(version.Value.Segment, CopyBytes(version));
    }

    public void Remove(KeyRevision version)
    {
        Versions--;
        TotalBytes -= version.Key.Length + version.ValueLength;
        AddToSegment(version.Value.Segment, -CopyBytes(version));
    }

    /// <summary>The version's value now lies in another segment.</summary>
    public void Move(uint from, uint to, KeyRevision version)
    {
        AddToSegment(from, -CopyBytes(version));
        AddToSegment(to, CopyBytes(version));
    }

    public void Clear()
    {
        _liveBytes.Clear();
        (_lastSegment, _lastBytes, TotalBytes, Versions) = (0, 0, 0, 0);
    }

    /// <summary>The segments with live bytes, in order.</summary>
    public void CopyTo(List<KeyValuePair<uint, long>> segments)
    {
        Settle();
        segments.AddRange(_liveBytes);
    }

    private static int CopyBytes(KeyRevision version) =>
        version.ValueLength == 0 ? 0 : CopyHeadBytes + version.Key.Length + version.ValueLength;

    // Consecutive puts go to the same segment: their sum is kept aside and settled when the segment changes.
    private void AddToSegment(uint segment, int bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        if (segment != _lastSegment)
        {
            Settle();
            _lastSegment = segment;
        }

        _lastBytes += bytes;
    }

    private void Settle()
    {
        if (_lastBytes == 0)
        {
            return;
        }

        _liveBytes.TryGetValue(_lastSegment, out var before);
        var after = before + _lastBytes;
        if (after < 0)
        {
            throw new InvalidOperationException($"segment {_lastSegment} has {after} live bytes");
        }

        if (after == 0)
        {
            _liveBytes.Remove(_lastSegment);
        }
        else
        {
            _liveBytes[_lastSegment] = after;
        }

        _lastBytes = 0;
    }
}
