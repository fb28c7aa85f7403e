using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Log;

/// <summary>A file on a Linux file system: pread, pwrite and a checked fdatasync.</summary>
internal sealed class LinuxFile(string path, SafeFileHandle handle) : IDiskFile
{
    private const int ChunkBytes = 1 << 20;

    // Zeros go out in slices, each made durable, so that the sync of a commit beside them never queues behind a whole segment. Measured:
    // beside 256 KiB a sync takes no longer than alone, beside 8 MiB up to 8 ms.
    private const int SyncEveryBytes = 8 << 20;
    private const int PacedBytes = 256 << 10;

    private static readonly byte[] _zeros = new byte[ChunkBytes];

    public long Length => RandomAccess.GetLength(handle);

    public int Read(Span<byte> destination, long offset)
    {
        var total = 0;
        while (total < destination.Length)
        {
            var read = RandomAccess.Read(handle, destination[total..], offset + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    public void Write(ReadOnlySpan<byte> source, long offset)
    {
        try
        {
            RandomAccess.Write(handle, source, offset);
        }
        catch (IOException e) when (Libc.IsNoSpace(e.HResult))
        {
            throw new DiskFullException($"no space to write {source.Length} bytes to {path}", e);
        }
    }

    public void ZeroFill(long length, Action? pause = null)
    {
        var from = Length;
        if (from >= length)
        {
            return;
        }

        // Asks for all of the space at once, so that a full disk is noticed before anything is written; the zeros below then turn the
        // extents into written ones, without which every later fdatasync would have to commit metadata.
        if (Libc.Fallocate(handle, mode: 0, from, length - from) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno is not (Libc.ErrorNotSupported or Libc.ErrorInterrupted))
            {
                throw Libc.Error("fallocate", path, errno);
            }
        }

        var (chunk, slice) = pause is null ? (ChunkBytes, SyncEveryBytes) : (PacedBytes, PacedBytes);
        for (var offset = from; offset < length; offset += chunk)
        {
            Write(_zeros.AsSpan(0, (int)Math.Min(chunk, length - offset)), offset);
            if ((offset - from + chunk) % slice == 0)
            {
                Sync();
                pause?.Invoke();
            }
        }
    }

    public void Sync()
    {
        if (Libc.Fdatasync(handle) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            throw new IOException($"fdatasync of {path} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})", errno);
        }
    }

    // Hints by their nature: where the file system ignores them (tmpfs), the cache is the device. The second lets the device read while
    // recovery is still busy with the checkpoint.
    public void RereadFromDevice()
    {
        _ = Libc.PosixFadvise(handle, 0, 0, Libc.AdviseDontNeed);
        _ = Libc.PosixFadvise(handle, 0, 0, Libc.AdviseWillNeed);
    }

    public void Dispose() => handle.Dispose();
}
