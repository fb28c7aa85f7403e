namespace Etcdish.Consensus.Tests.Harness;

/// <summary>A host in miniature: it keeps the log's bytes, writes, holds messages until their write is durable, and applies.</summary>
internal sealed class TestNode : IEntryLog
{
    private readonly TestCluster _cluster;
    private readonly RaftOptions _options;
    private readonly List<TestEntry> _log = [];
    private readonly List<TestEntry> _applied = [];
    private readonly List<(Packet Packet, ulong WaitsFor)> _held = [];
    private readonly Queue<TestSnapshot> _arriving = new();
    private int _starts;
    private ulong _logBase;
    private TestSnapshot? _installed;
    private RaftNode? _raft;

    internal TestNode(TestCluster cluster, RaftOptions options, LogBase start)
    {
        _cluster = cluster;
        _options = options;
        Disk = new TestDisk(start, quarantined: false);
    }

    internal ulong Id => _options.Id;

    internal TestDisk Disk { get; }

    /// <summary>Writes are durable as soon as they are handed over.</summary>
    internal bool DiskIsPrompt { get; set; } = true;

    internal bool IsRunning => _raft is not null;

    internal RaftNode Raft => _raft ?? throw new InvalidOperationException($"member {Id} is down");

    internal IReadOnlyList<TestEntry> Log => _log;

    internal IReadOnlyList<TestEntry> Applied => _applied;

    internal HashSet<ulong> SnapshotsWanted { get; } = [];

    internal void Start()
    {
        _raft = new RaftNode(_options with { Seed = _options.Seed + (1000003UL * (ulong)_starts++) }, Disk.Restore(), this);
        _log.Clear();
        _log.AddRange(Disk.Entries);
        _logBase = Disk.Base.Index;
        _applied.Clear();
        _applied.AddRange(Disk.Snapshot);
        Finish();
    }

    internal void Crash()
    {
        _raft = null;
        SnapshotsWanted.Clear();
        _arriving.Clear();
        _held.Clear();
        Disk.Crash();
    }

    internal StepResult Step(Packet packet)
    {
        var headers = packet.Entries.Select(entry => entry.Header).ToArray();
        var result = Raft.Step(packet.Message, headers);
        if (result.AppendFrom > 0)
        {
            _log.RemoveAll(entry => entry.Header.Index >= result.AppendFrom);
            _log.AddRange(packet.Entries.Where(entry => entry.Header.Index >= result.AppendFrom));
        }

        if (result.SnapshotExpected && packet.Snapshot is { } snapshot)
        {
            _arriving.Enqueue(snapshot);
            if (DiskIsPrompt)
            {
                ReceiveSnapshot();
            }
        }

        return result;
    }

    /// <summary>State that was offered has arrived, perhaps long after.</summary>
    internal void ReceiveSnapshot()
    {
        if (_arriving.TryDequeue(out var snapshot) && Raft.OnSnapshotReceived(snapshot.Base))
        {
            _installed = snapshot;
            _log.Clear();
            _logBase = snapshot.Base.Index;
            _applied.Clear();
            _applied.AddRange(snapshot.Applied);
        }
    }

    internal ProposalResult Propose(IReadOnlyList<string> payloads, long bytesEach = 1)
    {
        var result = Raft.Propose(payloads.Count, bytesEach * payloads.Count);
        if (result.Refusal == Refusal.None)
        {
            var index = result.Index;
            foreach (var payload in payloads)
            {
                _log.Add(new TestEntry(new EntryHeader(index++, result.Term, EntryType.Command), payload, bytesEach));
            }
        }

        return result;
    }

    /// <summary>Drops the log up to an applied index, as a checkpoint would.</summary>
    internal void Compact(ulong through)
    {
        if (through <= _logBase)
        {
            return;
        }

        var term = _log[(int)(through - _logBase) - 1].Header.Term;
        var start = new LogBase(through, term, Raft.ConfigurationAt(through));
        Disk.Compact(start, [.. _applied.Take((int)through)]);
        _log.RemoveAll(entry => entry.Header.Index <= through);
        _logBase = through;
        Raft.OnCompacted(through);
    }

    internal bool SendSnapshot(ulong to)
    {
        SnapshotsWanted.Remove(to);
        return Raft.OfferSnapshot(to, Raft.Applied, _applied[^1].Header.Term);
    }

    internal void Sync()
    {
        Raft.OnDurable(Disk.Sync());
        _cluster.Trace.OnDurable(this);
        ReleaseHeld();
    }

    /// <summary>Does what the core asks for, again and again while the disk is prompt.</summary>
    internal void Finish()
    {
        do
        {
            Carry(Raft.Drain());
            while (DiskIsPrompt && Disk.PendingWrites > 0)
            {
                Sync();
            }
        }
        while (DiskIsPrompt && Raft.Drain() is { IsEmpty: false } more && CarryMore(more));
    }

    public void OnEntryMade(in EntryHeader entry) => _log.Add(new TestEntry(entry, "", 1));

    public ulong LastIndexWithin(ulong first, ulong last, long maxBytes, out long bytes)
    {
        var index = first;
        bytes = _log[(int)(first - _logBase) - 1].Bytes;
        while (index < last && bytes + _log[(int)(index - _logBase)].Bytes <= maxBytes)
        {
            bytes += _log[(int)(index - _logBase)].Bytes;
            index++;
        }

        return index;
    }

    private bool CarryMore(Effects effects)
    {
        Carry(effects);
        return true;
    }

    private void Carry(Effects effects)
    {
        _cluster.Trace.OnEffects(this, effects);
        _cluster.Safety.OnEffects(this, effects);
        if (effects.Write > 0)
        {
            var entries = effects.Entries.ToArray()
                .SelectMany(range => _log.Where(entry => entry.Header.Index >= range.First && entry.Header.Index <= range.Last))
                .ToArray();
            var reset = effects.Reset is null ? null : _installed;
            Disk.Write(new TestWrite(
                effects.Write, reset, effects.TruncateFrom, entries, effects.HardState, effects.QuarantineLifted));
        }

        foreach (ref readonly var outgoing in effects.Messages)
        {
            _held.Add((Pack(outgoing.Message), outgoing.WaitsFor));
        }

        SnapshotsWanted.UnionWith(effects.SnapshotsWanted.ToArray());
        ReleaseHeld();
        Apply(effects.Commit);
    }

    private Packet Pack(in Message message)
    {
        var (first, last) = (message.Index, message.LastIndex);
        var entries = message.Type == MessageType.Append
            ? _log.Where(entry => entry.Header.Index > first && entry.Header.Index <= last).ToArray()
            : [];
        return new Packet(message, entries, message.Type == MessageType.Snapshot ? Snapshot(message) : null);
    }

    private TestSnapshot Snapshot(in Message offer) => new(
        new LogBase(offer.Index, offer.LogTerm, Raft.ConfigurationAt(offer.Index)), [.. _applied.Take((int)offer.Index)]);

    private void ReleaseHeld()
    {
        foreach (var (packet, waitsFor) in _held.ToArray())
        {
            if (waitsFor == 0 || waitsFor <= Disk.LastDurable)
            {
                _held.Remove((packet, waitsFor));
                _cluster.Safety.OnSent(this, packet);
                _cluster.Send(packet, wasHeld: waitsFor > 0);
            }
        }
    }

    private void Apply(ulong commit)
    {
        while ((ulong)_applied.Count < commit)
        {
            var entry = _log[_applied.Count - (int)_logBase];
            _applied.Add(entry);
            _cluster.Safety.OnApplied(this, entry);
        }

        Raft.OnApplied(commit);
    }
}
