namespace Etcdish.Simulation;

/// <summary>Rare turns that a simulation must take now and then; one that it never takes is a blind spot.</summary>
internal enum Mark
{
    PowerLost,
    PowerLostInsideRound,
    PowerLostInRecovery,
    ProcessKilled,
    NodePaused,
    TornTailCut,
    SyncFailed,
    DiskFull,
    WriteRefusedForSpace,
    StartRefusedForDamage,
    DamageFoundByReader,
    OlderCheckpointUsed,
    Quarantined,
    QuarantineLifted,
    CheckpointWritten,
    SegmentRolled,
    SegmentDeleted,
    ValuesRelocated,
    CompactionApplied,
    CompactedReadRefused,
    FutureReadRefused,
    LeaseExpired,
    LeaseRenewed,
    LeaseLostAtRenewal,
    WatchResumed,
    WatchCompacted,
    WatchFellBehind,
    WatchProgressed,
    UnknownOutcome,
    UnansweredEntryRecovered,
    TransactionElse,
    LeaderChanged,
    ProposalLost,
    EntriesTruncated,
    SnapshotOffered,
    SnapshotInstalled,
    QuestionLost,
    LeadershipTransferred,
    ProcessStopped,
    MemberAdded,
    LearnerPromoted,
    RemovalAnswered,
    MemberRemoved,
    LeaderRemoved,
    ChangeRefused,
    MemberUpdated,
    ReadTimedOut,
    LinkCut,
    FrameLost,
}

/// <summary>How often each <see cref="Mark"/> was met.</summary>
internal sealed class Marks
{
    private readonly long[] _counts = new long[Enum.GetValues<Mark>().Length];

    public long this[Mark mark] => _counts[(int)mark];

    public void Add(Mark mark, long count = 1) => _counts[(int)mark] += count;

    public void Add(Marks others)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += others._counts[i];
        }
    }
}
