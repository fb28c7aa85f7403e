namespace Etcdish.Log;

/// <summary>
/// The file system as the log needs it, and nothing more; all file system calls of the project go through here. <see cref="LinuxDisk"/>
/// is the real one; a simulation implements it in memory and loses what was not synced.
/// </summary>
/// <remarks>
/// Every method throws <see cref="IOException"/> when the call fails; running out of space is <see cref="DiskFullException"/>, except in
/// a sync, where it is a failed sync like any other. Creations, renames and deletions are durable after <see cref="SyncDirectory"/>.
/// </remarks>
public interface IDisk
{
    /// <summary>Creates the folder, open to its owner only (0700), unless it exists; makes the new entry in its parent durable.</summary>
    void CreateDirectory(string directory);

    /// <summary>Takes the folder for this process until the result is disposed.</summary>
    /// <exception cref="LogLockedException">It is taken.</exception>
    IDisposable LockDirectory(string directory);

    /// <summary>Names (without the folder) of the files in the folder, in ordinal order.</summary>
    IReadOnlyList<string> List(string directory);

    /// <summary>Makes a new, empty file; one of that name must not exist.</summary>
    IDiskFile Create(string path);

    /// <summary>Opens an existing file for reading and writing.</summary>
    IDiskFile Open(string path);

    /// <summary>Gives a file a new name in the same folder, replacing one that has it.</summary>
    void Rename(string from, string to);

    /// <summary>Removes the name; open handles stay readable.</summary>
    void Delete(string path);

    /// <summary>Makes the creations, renames and deletions in the folder durable.</summary>
    void SyncDirectory(string directory);

    /// <summary>Bytes that can still be written to the file system that holds the folder.</summary>
    long FreeBytes(string directory);
}

/// <summary>An open file. Reads may run on any thread, also beside a write.</summary>
public interface IDiskFile : IDisposable
{
    /// <summary>Size in bytes.</summary>
    long Length { get; }

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/>; returns less only at the end of the file.</summary>
    int Read(Span<byte> destination, long offset);

    /// <summary>Writes all of <paramref name="source"/> at <paramref name="offset"/>.</summary>
    void Write(ReadOnlySpan<byte> source, long offset);

    /// <summary>
    /// Makes the bytes from <see cref="Length"/> up to <paramref name="length"/> exist as written zeros, so that later writes there need no
    /// space and change no metadata. Not durable before <see cref="Sync"/>.
    /// </summary>
    /// <param name="length">The length to reach.</param>
    /// <param name="pause">
    /// Called between slices that the device can take in one go, and may wait, so that syncs of other files are not held up; null fills as
    /// fast as it goes.
    /// </param>
    void ZeroFill(long length, Action? pause = null);

    /// <summary>
    /// Returns when everything written to this file is durable. After an exception nobody knows what is: a second call may succeed
    /// although the data is gone, so it must not be made.
    /// </summary>
    void Sync();

    /// <summary>Forgets cached bytes that are already durable, so that the next reads show what the device holds, and begins to read them.</summary>
    void RereadFromDevice();
}
