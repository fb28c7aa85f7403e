using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Etcdish.Log;

/// <summary>
/// The checkpoints in a log's folder. A checkpoint appears whole or not at all: it is written under a temporary name, synced, renamed, and
/// the folder synced. The newest two are kept, so that one damaged file does not lose the node. One writer at a time, on any thread, with
/// the log of the folder open (its lock is what keeps other processes out).
/// </summary>
public sealed class CheckpointStore
{
    private const int Kept = 2;

    private readonly string _directory;
    private readonly LogOptions _options;
    private readonly IDisk _disk;

    /// <summary>The checkpoints of a folder.</summary>
    /// <param name="directory">The folder, which <see cref="SegmentedLog.Open"/> has opened.</param>
    /// <param name="options">The options that the log was opened with.</param>
    public CheckpointStore(string directory, LogOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(options);
        _directory = directory;
        _options = options;
        _disk = options.Disk;
    }

    /// <summary>
    /// Writes a checkpoint. Returns when it is durable and all but the newest two are deleted. May run on a thread of its own beside
    /// appends.
    /// </summary>
    /// <param name="appliedIndex">Index of the last entry that the content includes; a checkpoint of the same index is replaced.</param>
    /// <param name="replayFrom">Where the log continues after the content: a <see cref="SegmentedLog.End"/>.</param>
    /// <param name="content">Writes the content.</param>
    /// <exception cref="DiskFullException">No space; the checkpoints that exist are untouched, and the attempt is cleaned up.</exception>
    /// <exception cref="IOException">The disk failed. Treat it like a failed commit: stop.</exception>
    public void Write(ulong appliedIndex, LogPosition replayFrom, Action<CheckpointWriter> content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var path = Path.Combine(_directory, CheckpointFormat.FileName(appliedIndex));
        var temporary = path + ".tmp";
        Span<byte> salt = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(salt);
        var identity = new LogIdentity(
            _options.ClusterId, _options.MemberId, _options.Salt ?? BinaryPrimitives.ReadUInt64LittleEndian(salt));
        IDiskFile file = _disk.Create(temporary);
        try
        {
            WriteContent(file, new CheckpointHeader(identity, appliedIndex, replayFrom), content);
        }
        catch (Exception)
        {
            file.Dispose();
            _disk.Delete(temporary);
            throw;
        }

        file.Dispose();
        _disk.Rename(temporary, path);
        _disk.SyncDirectory(_directory);
        DeleteOld();
    }

    /// <summary>
    /// Reads the checkpoints from the newest down until one is whole. An older one is only of use while the log still has the segments from
    /// its <see cref="Checkpoint.ReplayFrom"/> on; <see cref="SegmentedLog.Replay"/> refuses otherwise.
    /// </summary>
    public CheckpointLookup OpenNewest()
    {
        var damaged = new List<DamagedCheckpoint>();
        foreach (var appliedIndex in AppliedIndexes())
        {
            var path = Path.Combine(_directory, CheckpointFormat.FileName(appliedIndex));
            if (Checkpoint.TryOpen(_disk, path, appliedIndex, _options, out var damagedAt) is { } checkpoint)
            {
                return new CheckpointLookup(checkpoint, damaged);
            }

            damaged.Add(new DamagedCheckpoint(path, damagedAt));
        }

        return new CheckpointLookup(null, damaged);
    }

    /// <summary>Applied indexes of the checkpoints on disk, newest first; none is opened.</summary>
    public IReadOnlyList<ulong> AppliedIndexes()
    {
        var indexes = new List<ulong>();
        foreach (var name in _disk.List(_directory))
        {
            if (CheckpointFormat.TryParseFileName(name, out var appliedIndex))
            {
                indexes.Add(appliedIndex);
            }
        }

        indexes.Sort();
        indexes.Reverse();
        return indexes;
    }

    private static void WriteContent(IDiskFile file, in CheckpointHeader header, Action<CheckpointWriter> content)
    {
        var writer = new CheckpointWriter(file, header);
        try
        {
            content(writer);
            writer.Complete();
        }
        finally
        {
            writer.Release();
        }
    }

    private void DeleteOld()
    {
        foreach (var appliedIndex in AppliedIndexes().Skip(Kept))
        {
            _disk.Delete(Path.Combine(_directory, CheckpointFormat.FileName(appliedIndex)));
        }

        _disk.SyncDirectory(_directory);
    }
}

/// <summary>What <see cref="CheckpointStore.OpenNewest"/> found.</summary>
/// <param name="Newest">The newest whole checkpoint, or null. The caller disposes it.</param>
/// <param name="Damaged">
/// Newer files that are damaged, newest first. Never empty-handed silence: say it in the node's log, and when <paramref name="Newest"/> is
/// null do not take the node for a fresh one.
/// </param>
public readonly record struct CheckpointLookup(Checkpoint? Newest, IReadOnlyList<DamagedCheckpoint> Damaged);

/// <summary>A checkpoint file that did not verify.</summary>
/// <param name="File">Its path.</param>
/// <param name="Offset">Where verification failed.</param>
public readonly record struct DamagedCheckpoint(string File, long Offset);
