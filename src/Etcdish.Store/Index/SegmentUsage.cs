namespace Etcdish.Store;

/// <summary>
/// How many bytes of each log segment retained versions still refer to. A value that several versions share (ignore_value) counts for each
/// of them, so the figure is an upper bound of the live bytes and zero exactly when a segment holds no live value.
/// </summary>
internal sealed class SegmentUsage
{
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
        AddToSegment(version.Value.Segment, version.ValueLength);
    }

    public void Remove(KeyRevision version)
    {
        Versions--;
        TotalBytes -= version.Key.Length + version.ValueLength;
        AddToSegment(version.Value.Segment, -version.ValueLength);
    }

    public void Move(uint from, uint to, int length)
    {
        AddToSegment(from, -length);
        AddToSegment(to, length);
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
