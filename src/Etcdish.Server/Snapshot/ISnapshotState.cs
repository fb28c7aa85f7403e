using Etcdish.Store;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// The store at one revision, held still while a snapshot of it is written: later writes and compactions do not show, and the values
/// stay readable until it is disposed.
/// </summary>
internal interface ISnapshotState : IDisposable
{
    /// <summary>Current revision, at least 1.</summary>
    long Revision { get; }

    /// <summary>Revision of the last compaction; 0 or less for none.</summary>
    long CompactedRevision { get; }

    /// <summary>Index of the last applied log entry.</summary>
    ulong AppliedIndex { get; }

    /// <summary>Term of that entry.</summary>
    ulong AppliedTerm { get; }

    /// <summary>Where the values are.</summary>
    IValueSource Values { get; }

    /// <summary>
    /// All retained changes up to <see cref="Revision"/> in (main, sub) order: of each key the version that was current at
    /// <see cref="CompactedRevision"/>, and all changes after that. It is walked twice and must give the same.
    /// </summary>
    IEnumerable<KeyRevision> Revisions();

    /// <summary>All leases, in any order.</summary>
    IReadOnlyCollection<LeaseInfo> Leases { get; }

    /// <summary>The cluster's members, in any order.</summary>
    IReadOnlyCollection<SnapshotMember> Members { get; }

    /// <summary>Raised alarms, in any order.</summary>
    IReadOnlyCollection<AlarmMember> Alarms { get; }
}

/// <summary>A member as a snapshot keeps it. Restoring replaces the members, so this is for the reader's information.</summary>
/// <param name="Id">Member ID.</param>
/// <param name="Name">Name, empty before the member has started.</param>
/// <param name="PeerUrls">Where peers reach it.</param>
/// <param name="ClientUrls">Where clients reach it.</param>
/// <param name="IsLearner">Whether it has no vote.</param>
internal sealed record SnapshotMember(
    ulong Id, string Name, IReadOnlyList<string> PeerUrls, IReadOnlyList<string> ClientUrls, bool IsLearner);
