namespace Etcdish.Store;

/// <summary>
/// What the parts of <see cref="RevisionStore"/> share. Two locks, always taken in this order: <see cref="Writer"/> serialises those who
/// change anything (apply, compaction steps, relocation), who may therefore read the index freely; <see cref="Gate"/> is held shared by
/// readers and exclusively for the moments in which a writer changes the index, the log or the usage.
/// </summary>
internal sealed class StoreState
{
    private long _currentRevision = 1;
    private long _compactedRevision = -1;
    private ulong _appliedIndex;

    public Lock Writer { get; } = new();

    public ReaderWriterLockSlim Gate { get; } = new(LockRecursionPolicy.NoRecursion);

    public KeyIndex Index { get; } = new();

    public RevisionLog Log { get; } = new();

    public RevisionPins Pins { get; } = new();

    public SegmentUsage Usage { get; } = new();

    public LeaseTable Leases { get; } = new();

    public AlarmSet Alarms { get; } = new();

    /// <summary>Revision of the last committed change. Newer versions may already be in the index; readers look past them.</summary>
    public long CurrentRevision
    {
        get => Volatile.Read(ref _currentRevision);
        set => Volatile.Write(ref _currentRevision, value);
    }

    /// <summary>Changes only while <see cref="Gate"/> is held exclusively.</summary>
    public long CompactedRevision
    {
        get => Volatile.Read(ref _compactedRevision);
        set => Volatile.Write(ref _compactedRevision, value);
    }

    public ulong AppliedIndex
    {
        get => Volatile.Read(ref _appliedIndex);
        set => Volatile.Write(ref _appliedIndex, value);
    }

    public ulong AppliedTerm { get; set; }
}
