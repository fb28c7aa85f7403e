namespace Etcdish.Log;

/// <summary>Another process, or another part of this one, has the folder open.</summary>
/// <param name="directory">The folder.</param>
public sealed class LogLockedException(string directory)
    : IOException($"{directory} is in use: another process has this data folder open")
{
    /// <summary>The folder.</summary>
    public string Directory { get; } = directory;
}

/// <summary>The folder belongs to another cluster or member, or was written by a version that this one cannot read.</summary>
/// <param name="message">Names the file and both sides.</param>
public sealed class LogIdentityException(string message) : IOException(message);

/// <summary>
/// Something that was once durable is missing or changed. The log refuses to open rather than serve what is left; nothing on the disk has
/// been altered. Restore a backup, or join the cluster anew under a fresh member id.
/// </summary>
/// <param name="file">The damaged file.</param>
/// <param name="offset">Where in the file the damage was noticed.</param>
/// <param name="reason">What proves that it is damage and not a torn write.</param>
public sealed class LogDamagedException(string file, long offset, string reason)
    : IOException($"{file} is damaged at offset {offset}: {reason}")
{
    /// <summary>The damaged file.</summary>
    public string File { get; } = file;

    /// <summary>Where in the file the damage was noticed.</summary>
    public long Offset { get; } = offset;
}

/// <summary>
/// The disk failed under a write or a sync. What the disk now holds is unknown, so this log takes no further write, ever: stop the
/// process, and let the next start read what is really there.
/// </summary>
/// <param name="message">What failed.</param>
/// <param name="cause">The error of the disk.</param>
public sealed class LogFailedException(string message, Exception? cause) : IOException(message, cause);

/// <summary>
/// There is no space for the next segment. The batch that was being built is dropped whole, nothing of it was written; reads go on, and
/// appends succeed again when space returns.
/// </summary>
/// <param name="message">Names the file that could not grow.</param>
/// <param name="cause">The error of the disk.</param>
public sealed class DiskFullException(string message, Exception? cause) : IOException(message, cause);
