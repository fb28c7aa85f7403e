using System.Buffers;
using System.Globalization;

namespace Etcdish.Store.Tests;

/// <summary>One random history, run on the store and on the model side by side.</summary>
internal sealed class HistoryRun : IDisposable
{
    private readonly TestLog _log = new();
    private readonly NaiveStore _model = new();
    private readonly RequestGenerator _generate;
    private readonly StoreOptions _options;
    private readonly List<StoreEntry> _entries = [];
    private readonly AnswerText _text;
    private RevisionStore _store;
    private StoreCheckpoint? _checkpoint;

    public HistoryRun(int seed)
    {
        var random = new Random(seed);
        _generate = new RequestGenerator(random);
        _options = new StoreOptions { KeysPerLockHold = 1 + random.Next(6) };
        _store = new RevisionStore(_log, _options);
        _text = new AnswerText(_log);
    }

    /// <summary>What was asked last, for the message of a failure.</summary>
    public string LastStep { get; private set; } = "";

    public void Run(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            Step();
            CompareReads();
        }

        FinishCompaction();
    }

    public void Dispose()
    {
        _checkpoint?.Dispose();
        _store.Dispose();
    }

    private void Step()
    {
        switch (_generate.Next(100))
        {
            case < 35:
                var put = _generate.Put();
                Compare(EntryKind.Put, output => RequestEncoder.Encode(put, output), _model.Put(put));
                break;
            case < 47:
                var delete = _generate.Delete();
                Compare(EntryKind.DeleteRange, output => RequestEncoder.Encode(delete, output), _model.Delete(delete));
                break;
            case < 75:
                var txn = _generate.Txn(_model.Revision);
                Compare(EntryKind.Txn, output => RequestEncoder.Encode(txn, output), _model.Txn(txn));
                break;
            case < 80:
                var grant = new LeaseGrantRequest { Id = _generate.LeaseId(), TtlSeconds = 60 };
                Compare(EntryKind.LeaseGrant, output => RequestEncoder.Encode(grant, output), _model.Grant(grant.Id, 60));
                break;
            case < 83:
                var lease = _generate.LeaseId();
                Compare(EntryKind.LeaseRevoke, output => RequestEncoder.EncodeLeaseRevoke(lease, output), _model.Revoke(lease));
                break;
            case < 88:
                var compact = new CompactionRequest { Revision = Math.Max(0, _model.Compacted) + _generate.Next(8) };
                Compare(EntryKind.Compact, output => RequestEncoder.Encode(compact, output), _model.Compact(compact.Revision));
                break;
            case < 93:
                _store.CompactStep(1 + (int)_generate.Next(5));
                break;
            case < 96:
                MoveSomeValues();
                break;
            case < 97:
                RestartFromImport();
                break;
            case < 98:
                _checkpoint?.Dispose();
                _checkpoint = _store.CaptureCheckpoint();
                break;
            default:
                RestartFromCheckpoint();
                break;
        }
    }

    private void Compare(EntryKind kind, Action<IBufferWriter<byte>> encode, string expected)
    {
        LastStep = $"entry {_log.LastIndex + 1}, {kind}";
        var entry = _log.Append(kind, encode);
        _entries.Add(entry);
        Assert.That(_text.Of(_store.Apply(entry), kind), Is.EqualTo(expected), LastStep);
        Assert.That((_store.CurrentRevision, _store.CompactedRevision), Is.EqualTo((_model.Revision, _model.Compacted)), LastStep);
        Assert.That(_store.KeyCount, Is.EqualTo(_model.KeyCount()), LastStep);
    }

    private void CompareReads()
    {
        var range = _generate.Range(_model.Revision);
        string actual;
        try
        {
            actual = _text.Of(_store.Range(range));
        }
        catch (EtcdException exception)
        {
            actual = exception.Message;
        }

        Assert.That(actual, Is.EqualTo(_model.Range(range)), () => $"after {LastStep}: {range}");
        if (_generate.Chance(20))
        {
            CompareHistory();
        }
    }

    private void CompareHistory()
    {
        var from = Math.Max(0, _model.Compacted + 1) + _generate.Next(5);
        var changes = new List<KeyRevision>();
        for (var next = from; next <= _model.Revision;)
        {
            next = _store.ReadChanges(next, 1 + (int)_generate.Next(4), changes);
        }

        Assert.That(changes.Select(_text.OfChange), Is.EqualTo(_model.Changes(from)), () => $"after {LastStep}: changes from {from}");
    }

    private void MoveSomeValues()
    {
        var usage = new List<KeyValuePair<uint, long>>();
        _store.ReadSegmentUsage(usage);
        var victims = usage.Where(_ => _generate.Chance(50)).Select(pair => pair.Key).ToHashSet();
        var found = new List<KeyRevision>();
        _store.FindReferences(victims, found);
        foreach (var version in found)
        {
            Assert.That(_store.FindVersion(version.Key, version.ModRevision, version.SubRevision), Is.SameAs(version));
            Assert.That(_store.Relocate(version, _log.Copy(version.Value)), Is.True);
        }

        usage.Clear();
        _store.ReadSegmentUsage(usage);
        Assert.That(usage.Select(pair => pair.Key).Intersect(victims), Is.Empty, "segments whose values all moved hold no live byte");
    }

    private void RestartFromCheckpoint()
    {
        using var checkpoint = _checkpoint ?? _store.CaptureCheckpoint();
        _checkpoint = null;
        LastStep += $", restart from the checkpoint at {checkpoint.AppliedIndex.ToString(CultureInfo.InvariantCulture)}";
        var output = new ArrayBufferWriter<byte>();
        checkpoint.WriteTo(output);

        var store = new RevisionStore(_log, _options);
        var loader = store.BeginLoad();
        loader.Add(output.WrittenSpan);
        loader.Complete();
        Assert.That((store.AppliedIndex, store.CurrentRevision), Is.EqualTo((checkpoint.AppliedIndex, checkpoint.Revision)));
        foreach (var entry in _entries.Where(entry => entry.Index > store.AppliedIndex))
        {
            store.Apply(entry);
        }

        Assert.That(store.HashKv(0), Is.EqualTo(_store.HashKv(0)), LastStep);
        Assert.That(store.Leases.Snapshot(), Is.EqualTo(_store.Leases.Snapshot()), LastStep);
        _store.Dispose();
        _store = store;
    }

    private void RestartFromImport()
    {
        LastStep += ", restart from an import";
        _checkpoint?.Dispose();
        _checkpoint = null;
        _entries.Clear();
        _entries.AddRange(ImportedCopy.Entries(_store, _log, itemsPerEntry: 1 + (int)_generate.Next(4)));
        var store = new RevisionStore(_log, _options);
        foreach (var entry in _entries)
        {
            store.Apply(entry);
        }

        Assert.That(store.HashKv(0), Is.EqualTo(_store.HashKv(0)), LastStep);
        Assert.That(store.Leases.Snapshot(), Is.EqualTo(_store.Leases.Snapshot()), LastStep);
        _store.Dispose();
        _store = store;
    }

    private void FinishCompaction()
    {
        _checkpoint?.Dispose();
        while (_store.CompactStep(3))
        {
        }

        LastStep = "the end";
        Assert.That(_store.PhysicallyCompactedRevision, Is.EqualTo(_model.Compacted));
        Assert.That(_store.VersionCount, Is.EqualTo(_model.RetainedVersions()), "retained versions");
        var usage = new List<KeyValuePair<uint, long>>();
        _store.ReadSegmentUsage(usage);
        Assert.That(usage, Has.All.Matches<KeyValuePair<uint, long>>(pair => pair.Value > 0));
    }
}
