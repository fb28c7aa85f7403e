using Etcdish.Cluster;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// Makes a data directory from a snapshot of etcd's or ours: keys with their history from the compacted revision on, leases and alarms,
/// under the revisions they had. The directory appears whole or not at all: it is built beside its place and renamed at the end.
/// </summary>
public static class SnapshotRestorer
{
    private const long NotCompacted = -1;
    private const string UnfinishedSuffix = ".restoring";

    /// <summary>Restores. Takes memory for the index of the keys, not for their values.</summary>
    /// <param name="file">The snapshot.</param>
    /// <param name="options">What to make of it.</param>
    /// <param name="cancellation">Gives up; what was built is deleted.</param>
    /// <returns>What is in the directory now.</returns>
    /// <exception cref="ArgumentException">The options cannot be carried out.</exception>
    /// <exception cref="InvalidDataException">The snapshot is damaged, or holds what cannot be restored; the message says what.</exception>
    /// <exception cref="IOException">A file cannot be read or written, or the data directory is in the way.</exception>
    public static RestoredSnapshot Restore(string file, SnapshotRestoreOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.DataDirectory));
        using EtcdSnapshotReader snapshot = EtcdSnapshotReader.Open(file, options.SkipHashCheck);
        if (snapshot.IsAuthEnabled)
        {
            throw new InvalidDataException(
                $"{file} has authentication switched on, and users and roles cannot be restored: without them all data would lie open");
        }

        RefuseIfTaken(target);
        string unfinished = target + UnfinishedSuffix;
        RefuseIfTaken(unfinished);
        try
        {
            RestoredSnapshot restored = Build(snapshot, unfinished, options, cancellation);
            Publish(unfinished, target);
            return restored;
        }
        catch (Exception e) when (e is not LogLockedException)
        {
            DeleteIfThere(unfinished);
            throw;
        }
    }

    private static RestoredSnapshot Build(
        EtcdSnapshotReader snapshot, string directory, SnapshotRestoreOptions options, CancellationToken cancellation)
    {
        using var import = new NodeImport(NodeOptionsOf(directory, options));
        EtcdRevisionReader revisions = snapshot.OpenRevisions();
        long versions = 0;
        for (; revisions.MoveNext(); versions++)
        {
            cancellation.ThrowIfCancellationRequested();
            import.Add(ImportedVersionOf(revisions.Current));
        }

        int leases = 0;
        foreach (LeaseInfo lease in snapshot.ReadLeases())
        {
            import.Add(lease);
            leases++;
        }

        long revision = Math.Max(revisions.Revision, snapshot.CompactedRevision);
        if (options.BumpRevision > long.MaxValue - revision)
        {
            throw new ArgumentException($"revision {revision} cannot be bumped by {options.BumpRevision}");
        }

        revision += options.BumpRevision;
        long compacted = options.MarkCompacted ? revision : snapshot.CompactedRevision;
        import.Complete(revision, compacted == 0 ? NotCompacted : compacted, [.. snapshot.ReadAlarms()]);
        return new RestoredSnapshot(revision, compacted, import.KeyCount, versions, leases);
    }

    private static ImportedVersion ImportedVersionOf(in SnapshotRevision change) => change.IsTombstone
        ? new ImportedVersion(change.ModRevision, change.SubRevision, IsTombstone: true, change.Pair.Key, 0, 0, 0, default)
        : new ImportedVersion(
            change.ModRevision,
            change.SubRevision,
            IsTombstone: false,
            change.Pair.Key,
            change.Pair.CreateRevision,
            change.Pair.Version,
            change.Pair.Lease,
            change.Pair.Value);

    // The ids are those that the server computes from the same flags; it refuses a directory with others.
    private static NodeOptions NodeOptionsOf(string directory, SnapshotRestoreOptions options)
    {
        IEnumerable<string> peerUrls = options.InitialAdvertisePeerUrls.Select(url => url.ToString());
        ulong memberId = MemberIdentity.MemberId(peerUrls, options.InitialClusterToken);
        return new NodeOptions
        {
            DataDirectory = directory,
            Name = options.Name,
            MemberId = memberId,
            ClusterId = MemberIdentity.ClusterId([memberId]),
            PeerUrls = [.. peerUrls],
        };
    }

    private static void RefuseIfTaken(string directory)
    {
        if (File.Exists(directory))
        {
            throw new IOException($"{directory} is a file");
        }

        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new IOException(directory.EndsWith(UnfinishedSuffix, StringComparison.Ordinal)
                ? $"{directory} is left of a restore that was interrupted: delete it"
                : $"{directory} exists and is not empty: name another data directory, or move this one away");
        }
    }

    private static void Publish(string unfinished, string target)
    {
        if (Directory.Exists(target))
        {
            Directory.Delete(target);
        }

        Directory.Move(unfinished, target);
        LinuxDisk.Instance.SyncDirectory(Path.GetDirectoryName(target)!);
    }

    private static void DeleteIfThere(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}

/// <summary>What a restored data directory holds.</summary>
/// <param name="Revision">Current revision.</param>
/// <param name="CompactedRevision">Compacted revision, 0 for none.</param>
/// <param name="Keys">Number of keys.</param>
/// <param name="Versions">Number of versions of keys, deletions included.</param>
/// <param name="Leases">Number of leases.</param>
public sealed record RestoredSnapshot(long Revision, long CompactedRevision, int Keys, long Versions, int Leases);
