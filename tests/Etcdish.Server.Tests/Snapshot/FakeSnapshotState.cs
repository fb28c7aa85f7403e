using System.Text;
using Etcdish.Server.Snapshot;
using Etcdish.Store;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>A store in memory with etcd's rules for revisions and versions, just enough to make snapshots of.</summary>
internal sealed class FakeSnapshotState : ISnapshotState, IValueSource
{
    private readonly Dictionary<string, KeyRevision> _latest = [];
    private readonly List<byte[]> _values = [];
    private List<KeyRevision> _history = [];

    public List<LeaseInfo> LeaseList { get; } = [];

    public List<SnapshotMember> MemberList { get; } = [];

    public List<AlarmMember> AlarmList { get; } = [];

    /// <summary>How often a value was read.</summary>
    public int ValueReads { get; private set; }

    public long Revision { get; set; } = 1;

    public long CompactedRevision { get; private set; } = -1;

    public ulong AppliedIndex { get; set; } = 7;

    public ulong AppliedTerm { get; set; } = 2;

    public IValueSource Values => this;

    public IReadOnlyCollection<LeaseInfo> Leases => LeaseList;

    public IReadOnlyCollection<SnapshotMember> Members => MemberList;

    public IReadOnlyCollection<AlarmMember> Alarms => AlarmList;

    public IReadOnlyList<KeyRevision> History => _history;

    public IEnumerable<KeyRevision> Revisions() => _history;

    public void Put(string key, string value, long lease = 0) => Put(key, Encoding.UTF8.GetBytes(value), lease);

    public void Put(string key, byte[] value, long lease = 0) => Apply((key, value, lease));

    public void Delete(params string[] keys) => Apply([.. keys.Select(key => (key, (byte[]?)null, 0L))]);

    /// <summary>Several changes under one main revision; a null value deletes, which is no change when the key does not exist.</summary>
    public void Apply(params (string Key, byte[]? Value, long Lease)[] changes)
    {
        Revision++;
        int sub = 0;
        foreach ((string key, byte[]? value, long lease) in changes)
        {
            if (value is null && _latest.GetValueOrDefault(key) is not { IsTombstone: false })
                continue;
            KeyRevision revision = Change(key, value, lease, sub++);
            _latest[key] = revision;
            _history.Add(revision);
        }

        if (sub == 0)
            Revision--;
    }

    /// <summary>Keeps of each key the newest version at or below the revision, and no tombstone below it.</summary>
    public void Compact(long revision)
    {
        CompactedRevision = revision;
        var kept = new Dictionary<string, KeyRevision>();
        foreach (KeyRevision change in _history.Where(change => change.ModRevision <= revision))
            kept[Encoding.UTF8.GetString(change.Key)] = change;
        _history =
        [
            .. _history.Where(change => change.ModRevision > revision
                || (kept[Encoding.UTF8.GetString(change.Key)] == change && (!change.IsTombstone || change.ModRevision == revision))),
        ];
    }

    public byte[] ValueOf(KeyRevision revision) => revision.Value.Length == 0 ? [] : _values[(int)revision.Value.Offset];

    public void Read(in ValueReference reference, Span<byte> destination)
    {
        ValueReads++;
        _values[(int)reference.Offset].CopyTo(destination);
    }

    public ReadScope EnterRead() => default;

    public void ExitRead(int token)
    {
    }

    public void Dispose()
    {
    }

    private KeyRevision Change(string key, byte[]? value, long lease, int sub)
    {
        _latest.TryGetValue(key, out KeyRevision? previous);
        byte[] keyBytes = previous?.Key ?? Encoding.UTF8.GetBytes(key);
        if (value is null)
            return new KeyRevision { Key = keyBytes, ModRevision = Revision, SubRevision = sub };
        _values.Add(value);
        bool isNew = previous is null or { IsTombstone: true };
        return new KeyRevision
        {
            Key = keyBytes,
            ModRevision = Revision,
            SubRevision = sub,
            CreateRevision = isNew ? Revision : previous!.CreateRevision,
            Version = isNew ? 1 : previous!.Version + 1,
            Lease = lease,
            Value = new ValueReference(Segment: 1, Offset: (uint)(_values.Count - 1), value.Length, Checksum: 0),
        };
    }
}
