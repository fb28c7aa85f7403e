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
    private readonly Dictionary<string, SimulatedFile> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimulatedFile> _durableNames = new(StringComparer.Ordinal);
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

    /// <summary>Sum of the file sizes.</summary>
    public long UsedBytes => _names.Values.Sum(file => file.Length);

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
        var survivors = new Dictionary<SimulatedFile, SimulatedFile>();
        foreach (var name in _names.Keys.Union(_durableNames.Keys).Order(StringComparer.Ordinal))
        {
            SimulatedFile? before = _durableNames.GetValueOrDefault(name);
            SimulatedFile? after = _names.GetValueOrDefault(name);
            SimulatedFile? kept = before == after || random.Next(2) == 0 ? before : after;
            if (kept is not null)
            {
                if (!survivors.TryGetValue(kept, out SimulatedFile? survivor))
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
    public byte[] ContentOf(string path) => _names[path].Content();

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

        return _names[path] = new SimulatedFile(this);
    }

    public IDiskFile Open(string path)
    {
        ThrowIfDown();
        return _names.TryGetValue(path, out SimulatedFile? node) ? node : throw new FileNotFoundException(path);
    }

    public void Rename(string from, string to)
    {
        Step(DiskOperation.Name, 0);
        _names.Remove(from, out SimulatedFile? node);
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

        foreach ((var name, SimulatedFile node) in _names.Where(entry => Path.GetDirectoryName(entry.Key) == directory))
        {
            _durableNames[name] = node;
        }
    }

    public long FreeBytes(string directory) => CapacityBytes - UsedBytes;

    /// <summary>A file is about to be synced.</summary>
    /// <returns>False when this is the one that fails.</returns>
    internal bool BeginSync(long bytes)
    {
        Step(DiskOperation.Sync, bytes);
        return ++Syncs != FailSyncAt;
    }

    internal void Step(DiskOperation operation, long bytes)
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

    internal void ThrowIfDown()
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
