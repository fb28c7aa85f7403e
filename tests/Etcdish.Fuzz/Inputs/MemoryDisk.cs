using Etcdish.Log;

namespace Etcdish.Fuzz.Inputs;

/// <summary>One folder in memory, without crashes and without limits: the disk under damaged files.</summary>
internal sealed class MemoryDisk : IDisk
{
    public const string Directory = "/fuzz";

    private readonly SortedDictionary<string, MemoryFile> _files = new(StringComparer.Ordinal);

    /// <summary>The content of all files by name.</summary>
    public IReadOnlyList<KeyValuePair<string, byte[]>> Contents =>
        [.. _files.Select(file => KeyValuePair.Create(file.Key, file.Value.Content.ToArray()))];

    /// <summary>Puts a file into the folder.</summary>
    public void Add(string name, byte[] content) => _files[name] = new MemoryFile(content);

    public void CreateDirectory(string directory)
    {
    }

    public IDisposable LockDirectory(string directory) => new MemoryFile([]);

    public IReadOnlyList<string> List(string directory) => [.. _files.Keys];

    public IDiskFile Create(string path) => _files[Path.GetFileName(path)] = new MemoryFile([]);

    public IDiskFile Open(string path) => _files.GetValueOrDefault(Path.GetFileName(path)) ?? throw new FileNotFoundException(path);

    public void Rename(string from, string to)
    {
        _files.Remove(Path.GetFileName(from), out var file);
        _files[Path.GetFileName(to)] = file ?? throw new FileNotFoundException(from);
    }

    public void Delete(string path) => _files.Remove(Path.GetFileName(path));

    public void SyncDirectory(string directory)
    {
    }

    public long FreeBytes(string directory) => long.MaxValue;
}

/// <summary>A file in memory.</summary>
internal sealed class MemoryFile(byte[] content) : IDiskFile
{
    public byte[] Content { get; private set; } = content;

    public long Length => Content.Length;

    public int Read(Span<byte> destination, long offset)
    {
        var start = (int)Math.Clamp(offset, 0, Content.Length);
        var count = Math.Min(Content.Length - start, destination.Length);
        Content.AsSpan(start, count).CopyTo(destination);
        return count;
    }

    public void Write(ReadOnlySpan<byte> source, long offset)
    {
        ZeroFill(offset + source.Length);
        source.CopyTo(Content.AsSpan((int)offset));
    }

    public void ZeroFill(long length, Action? pause = null)
    {
        if (length > Content.Length)
        {
            var grown = Content;
            Array.Resize(ref grown, (int)length);
            Content = grown;
        }
    }

    public void Sync()
    {
    }

    public void RereadFromDevice()
    {
    }

    public void Dispose()
    {
    }
}
