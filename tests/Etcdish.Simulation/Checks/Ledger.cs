using Etcdish.Checkers;
using Etcdish.Cluster;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
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
    private readonly List<long> _revisions = [];
    private readonly RevisionStore _store;

    public Ledger(World world)
    {
        _world = world;
        Values = new LedgerValues(_entries);
        _store = new RevisionStore(Values, new StoreOptions());
        Group = Configuration.Of(Enumerable.Range(1, world.Plan.Members).Select(number => (ulong)number));
    }

    public LedgerValues Values { get; }

    /// <summary>The last entry that any member applied.</summary>
    public ulong LastIndex => (ulong)_entries.Count;

    /// <summary>The revision after it.</summary>
    public long LastRevision => _store.CurrentRevision;

    /// <summary>The state after it, with all its past.</summary>
    public RevisionStore Store => _store;

    /// <summary>The newest configuration that anybody applied.</summary>
    public Configuration Group { get; private set; }

    /// <summary>The revision after an entry, which each member has after it.</summary>
    public long RevisionAt(ulong index) => index == 0 ? History.EmptyRevision : _revisions[(int)index - 1];

    /// <summary>The term of an entry.</summary>
    public ulong TermAt(ulong index) => _entries[(int)index - 1].Term;

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
        if (machine.Process is not null && index > 1)
        {
            _world.Logs.CheckCommitted(index, term, Group);
        }

        return true;
    }

    /// <summary>A member takes itself for the leader of a term.</summary>
    public void Leads(NodeProcess process, ulong term)
    {
        Machine machine = process.Machine;
        if (_leaders.TryAdd(term, machine.Number))
        {
            _world.Marks.Add(Mark.LeaderChanged, _leaders.Count > 1 ? 1 : 0);
            CheckNewLeader(process, term);
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

    // It was elected, is no stranger, and lacks nothing that anybody has applied (leader completeness).
    private void CheckNewLeader(NodeProcess process, ulong term)
    {
        ulong self = process.Machine.MemberId;
        if (Group.IsRemoved(self))
        {
            _world.Break("a removed member leads", $"member {self} leads term {term}");
        }

        _world.Frames.CheckElected(process.Members.InForce.Configuration, self, term);

        // Votes may come so late that another has been elected since; what that one committed need not be here.
        if (_leaders.Keys.Max() > term)
        {
            return;
        }

        if (process.Tail.Last < LastIndex)
        {
            _world.Break(
                "a leader lacks what is committed", $"n{self} leads term {term} with a log up to {process.Tail.Last}, not {LastIndex}");
            return;
        }

        for (ulong index = process.Tail.First; index <= LastIndex; index++)
        {
            if (process.Tail.Place(index).Term != TermAt(index))
            {
                _world.Break(
                    "a leader lacks what is committed",
                    $"n{self} leads term {term}, and has at {index} an entry of term {process.Tail.Place(index).Term}, not {TermAt(index)}");
                return;
            }
        }
    }

    // A change is joint, or one voter more or less; two that do not follow from each other have quorums that need not meet.
    private void Follow(Configuration next)
    {
        Configuration before = Group;
        Group = next;
        int differing = before.Voters.Except(next.Voters).Count() + next.Voters.Except(before.Voters).Count();
        bool follows = (before.IsJoint, next.IsJoint) switch
        {
            (false, false) => differing <= 1,
            (false, true) => next.Outgoing.SequenceEqual(before.Voters),
            (true, false) => next.Voters.SequenceEqual(before.Voters),
            _ => next.Equals(before),
        };
        if (!follows || before.Removed.Except(next.Removed).Any() || next.Members().Any(next.IsRemoved))
        {
            _world.Break("a configuration does not follow from the one before", $"{before}, then {next}");
        }

        bool removesLeader = _world.Machines.Exists(
            machine => machine.Process is { Leads: true } && next.IsRemoved(machine.MemberId) && !before.IsRemoved(machine.MemberId));
        _world.Marks.Add(Mark.LeaderRemoved, removesLeader ? 1 : 0);
        _world.OnMemberLost();
    }

    private void Append(LedgerEntry entry, ulong index)
    {
        _entries.Add(entry);
        if (entry.Kind == EntryKinds.Configuration)
        {
            Configuration next = MembershipCodec.Decode(entry.Payload).Configuration;
            if (index > 1)
            {
                Follow(next);
            }
        }

        EntryKind kind = EntryKinds.ForStore(entry.Kind);
        if (kind == EntryKind.Compact)
        {
            _world.Marks.Add(Mark.CompactionApplied);
            kind = EntryKind.Empty;
        }

        ApplyResult result = _store.Apply(new StoreEntry(index, entry.Term, kind, entry.Payload, (uint)index, 0));
        _revisions.Add(_store.CurrentRevision);
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
