using Etcdish.Checkers;
using Etcdish.Cluster;
using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>
/// The one sequence of entries that all members must apply, as the first of them did. It is replayed into a store of its own that forgets
/// nothing, and so yields the witness of the history: every change from the first revision on, whatever was compacted.
/// </summary>
internal sealed class Ledger
{
    private readonly World _world;
    private readonly List<LedgerEntry> _entries = [];
    private readonly Dictionary<ulong, int> _leaders = [];
    private readonly RevisionStore _store;

    public Ledger(World world)
    {
        _world = world;
        Values = new LedgerValues(_entries);
        _store = new RevisionStore(Values, new StoreOptions());
    }

    public LedgerValues Values { get; }

    /// <summary>The last entry that any member applied.</summary>
    public ulong LastIndex => (ulong)_entries.Count;

    /// <summary>The revision after it.</summary>
    public long LastRevision => _store.CurrentRevision;

    /// <summary>The state after it, with all its past.</summary>
    public RevisionStore Store => _store;

    /// <summary>A member has applied an entry.</summary>
    /// <returns>Whether it is the first to do so.</returns>
    public bool Applied(Machine machine, ulong term, byte kind, ulong index, ReadOnlySpan<byte> payload)
    {
        if (index > LastIndex + 1)
        {
            _world.Break("entries are missing", $"n{machine.Number} applied entry {index}, but nobody applied {LastIndex + 1}");
            return false;
        }

        if (index <= LastIndex)
        {
            LedgerEntry known = _entries[(int)index - 1];
            if (known.Term != term || known.Kind != kind || !payload.SequenceEqual(known.Payload))
            {
                _world.Break(
                    "two members applied different entries",
                    $"n{machine.Number} has at {index} term {term} kind {kind}, {payload.Length} bytes; "
                    + $"the first to apply it had term {known.Term} kind {known.Kind}, {known.Payload.Length} bytes");
            }

            return false;
        }

        Append(new LedgerEntry(term, kind, payload.ToArray()), index);
        return true;
    }

    /// <summary>A member takes itself for the leader of a term.</summary>
    public void Leads(Machine machine, ulong term)
    {
        if (_leaders.TryAdd(term, machine.Number))
        {
            _world.Marks.Add(Mark.LeaderChanged, _leaders.Count > 1 ? 1 : 0);
        }
        else if (_leaders[term] != machine.Number)
        {
            _world.Break("two leaders in one term", $"n{_leaders[term]} and n{machine.Number} both lead term {term}");
        }
    }

    /// <summary>Every change from revision 2 on.</summary>
    public IReadOnlyList<WatchEvent> Witness()
    {
        List<KeyRevision> changes = [];
        for (long next = History.EmptyRevision + 1; next <= LastRevision;)
        {
            next = _store.ReadChanges(next, int.MaxValue, changes);
        }

        return [.. changes.Select(change => Texts.Event(change, Values))];
    }

    private void Append(LedgerEntry entry, ulong index)
    {
        _entries.Add(entry);
        EntryKind kind = EntryKinds.ForStore(entry.Kind);
        if (kind == EntryKind.Compact)
        {
            _world.Marks.Add(Mark.CompactionApplied);
            kind = EntryKind.Empty;
        }

        ApplyResult result = _store.Apply(new StoreEntry(index, entry.Term, kind, entry.Payload, (uint)index, 0));
        if (kind == EntryKind.LeaseRevoke && result.Error is null)
        {
            _world.Marks.Add(Mark.LeaseExpired);
        }
    }
}

/// <summary>An entry as the first member to apply it had it.</summary>
internal sealed record LedgerEntry(ulong Term, byte Kind, byte[] Payload);

/// <summary>Values of the ledger's entries: the segment is the entry's index.</summary>
internal sealed class LedgerValues(List<LedgerEntry> entries) : IValueSource
{
    public void Read(in ValueReference reference, Span<byte> destination) =>
        entries[(int)reference.Segment - 1].Payload.AsSpan((int)reference.Offset, destination.Length).CopyTo(destination);

    public ReadScope EnterRead() => new(this, 0);

    public void ExitRead(int token)
    {
    }
}
