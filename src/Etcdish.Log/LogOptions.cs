namespace Etcdish.Log;

/// <summary>How a log is laid out and on which disk. Every value is checked when it is set.</summary>
public sealed record LogOptions
{
    /// <summary>Least size of a segment: 64 KiB.</summary>
    public const int MinSegmentBytes = 64 << 10;

    /// <summary>Greatest size of a segment: 1 GiB.</summary>
    public const int MaxSegmentBytes = 1 << 30;

    /// <summary>
    /// Size of the segments made from now on, 64 KiB to 1 GiB, a multiple of 4,096; default 64 MiB. Segments that exist keep theirs.
    /// </summary>
    public int SegmentBytes
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, MinSegmentBytes);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxSegmentBytes);
            ArgumentOutOfRangeException.ThrowIfNotEqual(value % 4096, 0, nameof(SegmentBytes));
            field = value;
        }
    }

    = 64 << 20;

    /// <summary>Greatest payload of one record: a quarter of a segment, but less than 16 MiB (the length field has 24 bits).</summary>
    public int MaxPayloadBytes => Math.Min(SegmentBytes / 4, LogFormat.MaxPayloadBytes);

    /// <summary>The disk; the real one unless a test simulates it.</summary>
    public IDisk Disk
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    }

    = LinuxDisk.Instance;

    /// <summary>Id of the cluster, written into every segment. 0 on opening takes whatever an existing log says.</summary>
    public ulong ClusterId { get; init; }

    /// <summary>Id of the member, written into every segment. 0 on opening takes whatever an existing log says.</summary>
    public ulong MemberId { get; init; }

    /// <summary>
    /// Whether a thread of the log's own prepares the next segment ahead of need (default). A simulation turns it off: segments are then
    /// prepared inside <see cref="SegmentedLog.Append(byte, ulong, ulong, ReadOnlySpan{byte})"/>, in a deterministic order.
    /// </summary>
    public bool PrepareInBackground { get; init; } = true;

    /// <summary>Salt of a new log, for simulations that must repeat byte for byte; null (default) draws one at random.</summary>
    public ulong? Salt { get; init; }
}
