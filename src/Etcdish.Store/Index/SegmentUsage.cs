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

    // Sums not yet settled in the dictionary, each in the slot of its segment's low bits: puts go to one segment, but a checkpoint's keys
    // name all of them in no order.
    private const int Slots = 64;

    private readonly SortedDictionary<uint, long> _liveBytes = [];
    private readonly uint[] _slotSegments = new uint[Slots];
    private readonly long[] _slotBytes = new long[Slots];

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
        Array.Clear(_slotBytes);
        (TotalBytes, Versions) = (0, 0);
    }

    /// <summary>The segments with live bytes, in order.</summary>
    public void CopyTo(List<KeyValuePair<uint, long>> segments)
    {
        for (var slot = 0; slot < Slots; slot++)
        {
            Settle(slot);
        }

        segments.AddRange(_liveBytes);
    }

    private static int CopyBytes(KeyRevision version) =>
        version.ValueLength == 0 ? 0 : CopyHeadBytes + version.Key.Length + version.ValueLength;

    private void AddToSegment(uint segment, int bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        var slot = (int)(segment % Slots);
        if (_slotSegments[slot] != segment)
        {
            Settle(slot);
            _slotSegments[slot] = segment;
        }

        _slotBytes[slot] += bytes;
    }

    private void Settle(int slot)
    {
        if (_slotBytes[slot] == 0)
        {
            return;
        }

        var segment = _slotSegments[slot];
        _liveBytes.TryGetValue(segment, out var before);
        var after = before + _slotBytes[slot];
        if (after < 0)
        {
            throw new InvalidOperationException($"segment {segment} has {after} live bytes");
        }

        if (after == 0)
        {
            _liveBytes.Remove(segment);
        }
        else
        {
            _liveBytes[segment] = after;
        }

        _slotBytes[slot] = 0;
    }
}
