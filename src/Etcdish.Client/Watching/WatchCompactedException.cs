namespace Etcdish.Client;

/// <summary>
/// The events that a watch would need next were compacted away: some may have been missed. Read the state anew and watch from there.
/// </summary>
/// <param name="startRevision">Revision the watch needed next.</param>
/// <param name="compactRevision">Oldest revision that can still be watched from.</param>
public sealed class WatchCompactedException(long startRevision, long compactRevision)
    : Exception($"events from revision {startRevision} on were compacted; the oldest still there is {compactRevision}")
{
    /// <summary>Revision the watch needed next.</summary>
    public long StartRevision { get; } = startRevision;

    /// <summary>Oldest revision that can still be watched from.</summary>
    public long CompactRevision { get; } = compactRevision;
}
