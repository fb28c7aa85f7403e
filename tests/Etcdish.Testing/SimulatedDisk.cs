using Etcdish.Log;

namespace Etcdish.Testing;

/// <summary>The machine lost power.</summary>
public sealed class SimulatedCrashException() : Exception("the simulated machine lost power");

/// <summary>
/// A disk in memory that keeps what was synced apart from what was only written. A crash decides for every unsynced sector of 512 bytes
/// whether it was kept, dropped or torn, for every unsynced file size and directory entry whether it is the old or the new one, each
/// independently of the others. Crashes at a chosen operation, fails a chosen sync, and has a space budget.
/// </summary>
public sealed class SimulatedDisk : IDisk
{
    private const int SectorBytes = 512;

    private readonly Dictionary<string, Node> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Node> _durableNames = new(StringComparer.Ordinal);
    private readonly HashSet<string> _locked = [];
    private bool _isDown;

    /// <summary>Operations so far that changed something or made something durable.</summary>
    public int Operations { get; private set; }

    /// <summary>Files synced so far.</summary>
    public int Syncs { get; private set; }

    /// <summary>The operation, from 1, at which the power goes out, just before it is done; 0 for never.</summary>
    public int CrashAt { get; set; }

    /// <summary>The file sync, from 1, that fails and drops what was pending; 0 for none.</summary>
    public int FailSyncAt { get; set; }

    /// <summary>The power is out: nothing works until <see cref="Restart"/>.</summary>
    public bool IsDown => _isDown;

    /// <summary>A disk that lies: it says that a file is synced, and has made nothing durable.</summary>
    public bool IgnoresSyncs { get; set; }

    /// <summary>As <see cref="IgnoresSyncs"/>, for folders.</summary>
    public bool IgnoresDirectorySyncs { get; set; }

    /// <summary>Told of every operation before it is done, with the bytes that it moves: so that a simulation can let it take time.</summary>
    public Action<DiskOperation, long>? OnOperation { get; set; }

    /// <summary>Sum of the file sizes that the disk can hold.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>What a machine finds after the power came back.</summary>
    public SimulatedDisk Restart(Random random)
    {
        var next = new SimulatedDisk
        {
            CapacityBytes = CapacityBytes,
            IgnoresSyncs = IgnoresSyncs,
            IgnoresDirectorySyncs = IgnoresDirectorySyncs,
            OnOperation = OnOperation,
        };
        var survivors = new Dictionary<Node, Node>();
        foreach (var name in _names.Keys.Union(_durableNames.Keys).Order(StringComparer.Ordinal))
        {
            Node? before = _durableNames.GetValueOrDefault(name);
            Node? after = _names.GetValueOrDefault(name);
            Node? kept = before == after || random.Next(2) == 0 ? before : after;
            if (kept is not null)
            {
                if (!survivors.TryGetValue(kept, out Node? survivor))
                {
                    survivors[kept] = survivor = kept.AfterCrash(next, random);
                }

                next._names[name] = survivor;
                next._durableNames[name] = survivor;
            }
        }

        return next;
    }

    /// <summary>The process that had folders locked is gone; what it wrote stays, synced or not.</summary>
    public void ReleaseLocks() => _locked.Clear();

    /// <summary>The power goes out now, not at an operation.</summary>
    public void PowerOff() => _isDown = true;

    /// <summary>The paths of all files.</summary>
    public IEnumerable<string> Files => _names.Keys.Order(StringComparer.Ordinal);

    /// <summary>The bytes of a file as a reader sees them.</summary>
    public byte[] ContentOf(string path) => (byte[])_names[path].Content.Clone();

    /// <summary>Replaces a file, on the device and in the cache.</summary>
    public void Replace(string path, byte[] content) => _names[path].Replace(content);

    /// <summary>Changes one byte, on the device and in the cache.</summary>
    public void Damage(string path, int offset, byte value) => _names[path].Damage(offset, value);

    public void CreateDirectory(string directory) => ThrowIfDown();

    public IDisposable LockDirectory(string directory)
    {
        ThrowIfDown();
        return _locked.Add(directory) ? new DirectoryLock(this, directory) : throw new LogLockedException(directory);
    }

    public IReadOnlyList<string> List(string directory)
    {
        ThrowIfDown();
        return _names.Keys.Where(path => Path.GetDirectoryName(path) == directory).Select(path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal).ToList();
    }

    public IDiskFile Create(string path)
    {
        Step(DiskOperation.Name, 0);
        if (_names.ContainsKey(path))
        {
            throw new IOException($"{path} exists");
        }

        return _names[path] = new Node(this, []);
    }

    public IDiskFile Open(string path)
    {
        ThrowIfDown();
        return _names.TryGetValue(path, out Node? node) ? node : throw new FileNotFoundException(path);
    }

    public void Rename(string from, string to)
    {
        Step(DiskOperation.Name, 0);
        _names.Remove(from, out Node? node);
        _names[to] = node ?? throw new FileNotFoundException(from);
    }

    public void Delete(string path)
    {
        Step(DiskOperation.Name, 0);
        _names.Remove(path);
    }

    public void SyncDirectory(string directory)
    {
        Step(DiskOperation.SyncDirectory, 0);
        if (IgnoresDirectorySyncs)
        {
            return;
        }

        foreach (var name in _durableNames.Keys.Where(name => Path.GetDirectoryName(name) == directory).ToList())
        {
            _durableNames.Remove(name);
        }

        foreach ((var name, Node node) in _names.Where(entry => Path.GetDirectoryName(entry.Key) == directory))
        {
            _durableNames[name] = node;
        }
    }

    public long FreeBytes(string directory) => CapacityBytes - _names.Values.Sum(node => node.Length);

    private void Step(DiskOperation operation, long bytes)
    {
        ThrowIfDown();
        OnOperation?.Invoke(operation, bytes);
        Operations++;
        if (Operations == CrashAt)
        {
            _isDown = true;
            throw new SimulatedCrashException();
        }
    }

    private void ThrowIfDown()
    {
        if (_isDown)
        {
            throw new SimulatedCrashException();
        }
    }

    private sealed class DirectoryLock(SimulatedDisk disk, string directory) : IDisposable
    {
        public void Dispose() => disk._locked.Remove(directory);
    }

    private sealed class Node(SimulatedDisk disk, byte[] content) : IDiskFile
    {
        private readonly HashSet<int> _pending = [];
        private bool _cacheDiffers;
        private byte[] _durable = (byte[])content.Clone();

        public byte[] Content { get; private set; } = content;

        public long Length => Content.Length;

        public void Replace(byte[] bytes)
        {
            if (bytes.Length != Length)
            {
                Content = new byte[bytes.Length];
                _durable = new byte[bytes.Length];
            }

            bytes.CopyTo(Content, 0);
            bytes.CopyTo(_durable, 0);
            _pending.Clear();
        }

        public void Damage(int offset, byte value)
        {
            Content[offset] = value;
            if (offset < _durable.Length)
            {
                _durable[offset] = value;
            }
        }

        public int Read(Span<byte> destination, long offset)
        {
            disk.ThrowIfDown();
            var count = (int)Math.Clamp(Content.Length - offset, 0, destination.Length);
            Content.AsSpan((int)Math.Min(offset, Content.Length), count).CopyTo(destination);
            return count;
        }

        public void Write(ReadOnlySpan<byte> source, long offset)
        {
            disk.Step(DiskOperation.Write, source.Length);
            Grow(offset + source.Length);
            source.CopyTo(Content.AsSpan((int)offset));
            MarkPending(offset, source.Length);
        }

        public void ZeroFill(long length, Action? pause = null)
        {
            var from = Length;
            disk.Step(DiskOperation.Write, length - from);
            Grow(length);
            MarkPending(from, length - from);
        }

        public void Sync()
        {
            disk.Step(DiskOperation.Sync, (long)_pending.Count * SectorBytes);
            disk.Syncs++;
            if (disk.Syncs == disk.FailSyncAt)
            {
                // The kernel marks the pages clean: the cache goes on showing what the device never got.
                _pending.Clear();
                _cacheDiffers = true;
                throw new IOException("simulated EIO");
            }

            if (disk.IgnoresSyncs)
            {
                return;
            }

            if (_durable.Length != Content.Length)
            {
                Array.Resize(ref _durable, Content.Length);
            }

            foreach (var sector in _pending)
            {
                SectorOf(Content, sector).CopyTo(SectorOf(_durable, sector));
            }

            _pending.Clear();
        }

        public void RereadFromDevice()
        {
            disk.ThrowIfDown();
            if (_cacheDiffers && _pending.Count == 0)
            {
                Content = (byte[])_durable.Clone();
                _cacheDiffers = false;
            }
        }

        public void Dispose()
        {
        }

        public Node AfterCrash(SimulatedDisk next, Random random)
        {
            var survivor = (byte[])_durable.Clone();
            if (survivor.Length != Content.Length && random.Next(2) == 0)
            {
                Array.Resize(ref survivor, Content.Length);
            }

            foreach (var sector in _pending.Order().Where(sector => sector * SectorBytes < survivor.Length))
            {
                Span<byte> target = SectorOf(survivor, sector);
                Span<byte> written = SectorOf(Content, sector);
                written = written[..Math.Min(written.Length, target.Length)];
                switch (random.Next(3))
                {
                    case 0:
                        written.CopyTo(target);
                        break;
                    case 1:
                        written[..random.Next(written.Length)].CopyTo(target);
                        break;
                }
            }

            return new Node(next, survivor);
        }

        private static Span<byte> SectorOf(byte[] bytes, int sector) =>
            bytes.AsSpan(sector * SectorBytes, Math.Min(SectorBytes, bytes.Length - (sector * SectorBytes)));

        private void Grow(long length)
        {
            if (length > Content.Length)
            {
                if (disk.FreeBytes("") < length - Content.Length)
                {
                    throw new DiskFullException("simulated ENOSPC", null);
                }

                byte[] grown = Content;
                Array.Resize(ref grown, (int)length);
                Content = grown;
            }
        }

        private void MarkPending(long offset, long count)
        {
            for (var sector = offset / SectorBytes; count > 0 && sector <= (offset + count - 1) / SectorBytes; sector++)
            {
                _pending.Add((int)sector);
            }
        }
    }
}

/// <summary>Kinds of disk operations that take time.</summary>
public enum DiskOperation
{
    /// <summary>Bytes go into the cache.</summary>
    Write,

    /// <summary>The cache goes to the device.</summary>
    Sync,

    /// <summary>A file gets or loses a name.</summary>
    Name,

    /// <summary>Names become durable.</summary>
    SyncDirectory,
}
