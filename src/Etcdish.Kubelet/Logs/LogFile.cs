namespace Etcdish.Kubelet.Logs;

/// <summary>A file of a log that is open for reading. It stays readable whatever happens to its name. For one thread at a time.</summary>
internal sealed class LogFile : IAsyncDisposable
{
    private const string Deleted = " (deleted)";

    private readonly FileStream _file;
    private readonly Stream _content;

    private LogFile(FileStream file, bool isCompressed)
    {
        _file = file;
        IsCompressed = isCompressed;
        _content = isCompressed ? LogSegment.Decompress(file) : file;
    }

    public bool IsCompressed { get; }

    /// <summary>Bytes that are in the file now; of a compressed one, those on the disk.</summary>
    public long Length => _file.Length;

    /// <summary>How much of it was read at places, as by the search for its last lines.</summary>
    public long BytesReadAt { get; private set; }

    /// <summary>Opens a file; null: there is none.</summary>
    public static LogFile? TryOpen(string path, bool isCompressed)
    {
        try
        {
            // Without a buffer of its own: the caller has one, and what is written meanwhile must be seen.
            var share = FileShare.ReadWrite | FileShare.Delete;
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, share, bufferSize: 0, FileOptions.SequentialScan);
            return new LogFile(file, isCompressed);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Goes to a place of a file that is not compressed.</summary>
    public void Seek(long offset) => _file.Position = offset;

    /// <summary>Reads what is there; 0: the end, for now.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation) => _content.ReadAsync(buffer, cancellation);

    /// <summary>Reads at a place of a file that is not compressed.</summary>
    public int ReadAt(Span<byte> buffer, long offset)
    {
        var total = 0;
        while (total < buffer.Length && RandomAccess.Read(_file.SafeFileHandle, buffer[total..], offset + total) is > 0 and var read)
        {
            total += read;
        }

        BytesReadAt += total;
        return total;
    }

    /// <summary>
    /// The name that the file has now, without its folder: the system knows it also after it was renamed, and of a file that was deleted
    /// the last one.
    /// </summary>
    public string CurrentName(out bool isDeleted)
    {
        var link = File.ResolveLinkTarget($"/proc/self/fd/{_file.SafeFileHandle.DangerousGetHandle()}", returnFinalTarget: false);
        var name = Path.GetFileName(link?.FullName ?? _file.Name);
        isDeleted = name.EndsWith(Deleted, StringComparison.Ordinal);
        return isDeleted ? name[..^Deleted.Length] : name;
    }

    public async ValueTask DisposeAsync()
    {
        await _content.DisposeAsync();
        await _file.DisposeAsync();
    }
}
