using System.Text;

namespace Etcdish.Store.Tests.Watch;

/// <summary>
/// A store in the small: history, values and compaction. Values of compacted revisions vanish as soon as no read scope is open, so a read
/// outside of its scope fails. The whole past stays in <see cref="All"/> as the model that tests compare with.
/// </summary>
internal sealed class FakeHistory : IRevisionHistory, IValueSource
{
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, byte[]> _values = [];
    private readonly Dictionary<string, KeyRevision> _latest = [];
    private readonly List<KeyRevision> _retained = [];
    private readonly List<uint> _doomed = [];
    private int _openScopes;
    private uint _nextValue;

    public long CurrentRevision { get; private set; } = 1;

    public long CompactedRevision { get; private set; } = -1;

    public List<ModelEvent> All { get; } = [];

    public int ValueReads { get; private set; }

    public uint? DamagedValue { get; set; }

    /// <summary>What happens while a watcher reads the history.</summary>
    public Action? Meanwhile { get; set; }

    public KeyRevision[] Put(string key, string value) => Apply((key, value));

    public KeyRevision[] Delete(string key) => Apply((key, null));

    /// <summary>Applies puts and (null) deletions as one revision; deletions of keys that do not exist change nothing.</summary>
    public KeyRevision[] Apply(params (string Key, string? Value)[] operations)
    {
        lock (_lock)
        {
            List<KeyRevision> changes = [];
            foreach ((string key, string? value) in operations)
            {
                _latest.TryGetValue(key, out KeyRevision? previous);
                if (value is not null || previous is { IsTombstone: false })
                    changes.Add(Change(key, value, previous, changes.Count));
            }

            if (changes.Count > 0)
                CurrentRevision++;
            _retained.AddRange(changes);
            return [.. changes];
        }
    }

    public void Compact(long revision)
    {
        lock (_lock)
        {
            CompactedRevision = revision;
            Dictionary<string, KeyRevision> keep = [];
            foreach (KeyRevision change in _retained.Where(c => c.ModRevision <= revision))
                keep[Encoding.UTF8.GetString(change.Key)] = change;
            foreach (KeyRevision kept in keep.Values)
                kept.Previous = null;
            foreach (KeyRevision change in _retained)
            {
                if (change.Previous is { IsTombstone: true } previous && previous.ModRevision < revision)
                    change.Previous = null;
            }

            foreach (KeyRevision change in _retained.Where(c => IsDropped(c, revision, keep) && c.Value.Length > 0))
                _doomed.Add(change.Value.Segment);
            _retained.RemoveAll(c => IsDropped(c, revision, keep));
            CollectGarbage();
        }
    }

    public long ReadChanges(long fromRevision, int maxRevisions, List<KeyRevision> changes)
    {
        lock (_lock)
        {
            if (fromRevision < CompactedRevision)
                throw new EtcdException(EtcdError.Compacted);

            long next = Math.Min(CurrentRevision + 1, fromRevision + maxRevisions);
            changes.AddRange(_retained.Where(c => c.ModRevision >= fromRevision && c.ModRevision < next));
            Meanwhile?.Invoke();
            return next;
        }
    }

    public void Read(in ValueReference reference, Span<byte> destination)
    {
        lock (_lock)
        {
            ValueReads++;
            if (reference.Segment == DamagedValue || !_values.TryGetValue(reference.Segment, out byte[]? value))
                throw new DamagedValueException($"no value {reference.Segment}");

            value.CopyTo(destination);
        }
    }

    public ReadScope EnterRead()
    {
        lock (_lock)
            _openScopes++;
        return new ReadScope(this, 7);
    }

    public void ExitRead(int token)
    {
        Assert.That(token, Is.EqualTo(7));
        lock (_lock)
        {
            Assert.That(--_openScopes, Is.GreaterThanOrEqualTo(0));
            CollectGarbage();
        }
    }

    /// <summary>Moves all values, as the collector does.</summary>
    public void Relocate()
    {
        lock (_lock)
        {
            foreach (KeyRevision change in _retained.Where(c => c.Value.Length > 0))
            {
                _doomed.Add(change.Value.Segment);
                _values.Add(_nextValue, _values[change.Value.Segment]);
                change.MoveValue(change.Value with { Segment = _nextValue++ });
            }

            CollectGarbage();
        }
    }

    public int OpenScopes
    {
        get
        {
            lock (_lock)
                return _openScopes;
        }
    }

    private static bool IsDropped(KeyRevision change, long revision, Dictionary<string, KeyRevision> keep) =>
        change.ModRevision <= revision
        && (keep[Encoding.UTF8.GetString(change.Key)] != change || (change.IsTombstone && change.ModRevision < revision));

    private void CollectGarbage()
    {
        if (_openScopes > 0)
            return;

        foreach (uint value in _doomed)
            _values.Remove(value);
        _doomed.Clear();
    }

    private KeyRevision Change(string key, string? value, KeyRevision? previous, int sub)
    {
        bool alive = previous is { IsTombstone: false };
        long revision = CurrentRevision + 1;
        byte[] bytes = Encoding.UTF8.GetBytes(value ?? "");
        KeyRevision change = new()
        {
            Key = previous?.Key ?? Encoding.UTF8.GetBytes(key),
            ModRevision = revision,
            SubRevision = sub,
            CreateRevision = value is null ? 0 : alive ? previous!.CreateRevision : revision,
            Version = value is null ? 0 : alive ? previous!.Version + 1 : 1,
            Lease = value is null ? 0 : revision % 3,
            Value = bytes.Length == 0 ? default : new ValueReference(_nextValue, 0, bytes.Length, 0),
            Previous = previous,
        };
        if (bytes.Length > 0)
            _values.Add(_nextValue++, bytes);
        ModelEvent? before = alive ? All.FindLast(e => e.Key == key) : null;
        All.Add(new ModelEvent(revision, key, value, change.CreateRevision, change.Version, change.Lease, before));
        _latest[key] = change;
        return change;
    }
}

/// <summary>What a watcher must be told about one change.</summary>
internal sealed record ModelEvent(
    long Revision, string Key, string? Value, long CreateRevision, long Version, long Lease, ModelEvent? Previous)
{
    public override string ToString() => $"{Revision}:{Key}={Value ?? "(deleted)"}";
}
