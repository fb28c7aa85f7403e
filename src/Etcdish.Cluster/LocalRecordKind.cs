namespace Etcdish.Cluster;

/// <summary>
/// Records that a node writes for itself, in the same log and the same sync as entries. They are never replicated. Numbers are part of the
/// log format; entries use those below 64.
/// </summary>
internal static class LocalRecordKind
{
    /// <summary>Numbers from here on are local records.</summary>
    public const byte First = 64;

    /// <summary>Live values copied out of a segment that is to be deleted; see <see cref="RelocationRecord"/>.</summary>
    public const byte Relocation = 64;

    /// <summary>Term, vote and commit index of this member; see <see cref="HardStateRecord"/>.</summary>
    public const byte HardState = 65;

    /// <summary>Entries from the record's index on, written earlier, are void; no payload.</summary>
    public const byte Truncate = 66;

    /// <summary>State that was received took the place of log and state so far; see <see cref="ResetRecord"/>.</summary>
    public const byte Reset = 67;

    /// <summary>A part of a leader's state; see <see cref="SnapshotPartRecord"/>.</summary>
    public const byte SnapshotPart = 69;
}
