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
    private long _epoch;

    public Lock Writer { get; } = new();

    public ReaderWriterLockSlim Gate { get; } = new(LockRecursionPolicy.NoRecursion);

    public KeyIndex Index { get; private set; } = new();

    public RevisionLog Log { get; private set; } = new();

    public RevisionPins Pins { get; } = new();

    public SegmentUsage Usage { get; private set; } = new();

    public LeaseTable Leases { get; } = new();

    public AlarmSet Alarms { get; private set; } = new();

    /// <summary>How often another state took the place of this one: who walks over the index in steps looks whether it is still the same.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>
    /// History below this revision went with a state that was replaced, pinned or not; -1 when none did. Changes with <see cref="Gate"/>
    /// held exclusively.
    /// </summary>
    public long LostBelow { get; private set; } = -1;

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

    /// <summary>
    /// Takes the content of a state that nobody else uses, which is not to be used after that. The caller holds <see cref="Writer"/>.
    /// </summary>
    /// <param name="other">A later state of the same history.</param>
    /// <param name="index">The entry that it stands for.</param>
    /// <param name="term">That entry's term.</param>
    public void TakeOver(StoreState other, ulong index, ulong term)
    {
        Gate.EnterWriteLock();
        try
        {
            Index = other.Index;
            Log = other.Log;
            Usage = other.Usage;
            Alarms = other.Alarms;
            Leases.TakeOver(other.Leases);
            LostBelow = other.CompactedRevision;
            CompactedRevision = other.CompactedRevision;
            CurrentRevision = other.CurrentRevision;
            AppliedTerm = term;
            AppliedIndex = index;
            Volatile.Write(ref _epoch, _epoch + 1);
        }
        finally
        {
            Gate.ExitWriteLock();
        }
    }
}
