using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Brings store, membership and the core's memory up to date with the log, record by record. An entry is applied when a hard state record
/// says that it is committed; what is left at the end stays in the tail, for the core to decide about. The log of a member that decides
/// alone is committed as it stands: its own disk is the quorum.
/// </summary>
/// <param name="store">The store, as the checkpoint has it.</param>
/// <param name="values">The log's values.</param>
/// <param name="cluster">What the checkpoint holds of the group.</param>
/// <param name="self">This member.</param>
internal sealed class LogReplay(RevisionStore store, IValueSource values, ClusterState cluster, ulong self)
{
    // The memberships of entries that may still be cut, newest last; the first one cannot be.
    private readonly List<(ulong Index, Configuration Configuration)> _configurations = [(cluster.Index, cluster.Membership.Configuration)];
    private readonly IncomingState _incoming = new(values);
    private HardState _hardState = cluster.HardState;
    private bool _decidesAlone = IsOnlyVoter(cluster.Membership.Configuration, self);

    /// <summary>The members as of the last applied entry.</summary>
    public MemberTable Members { get; } = new(cluster.Membership, self);

    /// <summary>What the core starts from.</summary>
    public RestoredState Restored { get; private set; } = new(cluster.Base);

    /// <summary>The entries since the checkpoint.</summary>
    public EntryTail Tail => _tail ??= new EntryTail(cluster.Index, Members.EncodeProposed);

    private EntryTail? _tail;

    /// <summary>Whether neither checkpoint nor log held anything of a group: the directory is new.</summary>
    public bool IsEmpty => Tail.Last == 0;

    /// <summary>Takes the next record.</summary>
    /// <exception cref="InvalidDataException">It does not fit to those before, or its kind is unknown.</exception>
    public void Take(in LogRecord record)
    {
        switch (record.Kind)
        {
            case < LocalRecordKind.First:
                TakeEntry(record);
                break;
            case LocalRecordKind.HardState:
                TakeHardState(HardStateRecord.Decode(record.Bytes.Span));
                break;
            case LocalRecordKind.Truncate:
                Truncate(record.Index);
                break;
            case LocalRecordKind.Relocation:
                RelocationRecord.Apply(store, record.Bytes, record.Payload);
                break;
            case LocalRecordKind.SnapshotPart:
                _incoming.Take(record.Bytes, record.Payload);
                break;
            case LocalRecordKind.Reset:
                Reset(record);
                break;
            default:
                throw new InvalidDataException($"the log holds a record of kind {record.Kind}, which this version does not know");
        }
    }

    /// <summary>Term, vote and commit as the log has them.</summary>
    public HardState Logged => _hardState;

    /// <summary>Whether others vote in the membership in force.</summary>
    public bool HasPeers => MemberRecord.HasOtherVoters(_configurations[^1].Configuration, self);

    /// <summary>Ends the replay: the core's memory is complete.</summary>
    /// <param name="member">What the member file remembers.</param>
    /// <exception cref="InvalidDataException">It and the log name two votes in one term.</exception>
    public void Complete(MemberRecord member)
    {
        _incoming.Drop();
        HardState newest = member.Merge(_hardState);
        Restored.HardState = newest with { Commit = Math.Max(newest.Commit, store.AppliedIndex) };
        Restored.Applied = store.AppliedIndex;
        Restored.Quarantined = member.Damage is not null;
    }

    /// <summary>Takes an entry that was just written as the first of a new directory, known to all members as committed.</summary>
    public void TakeBootstrap(in LogRecord record, in HardState hardState)
    {
        _hardState = hardState;
        TakeEntry(record);
        CommitThrough(record.Index);
    }

    /// <summary>The membership in force at the end of the log, with what is known of its members.</summary>
    public Membership InForce
    {
        get
        {
            Members.Follow(_configurations[^1].Configuration);
            return Members.InForce;
        }
    }

    /// <summary>Takes an entry that was just written at the end of the log, by which this member decides alone.</summary>
    public void TakeForced(in LogRecord record, in HardState hardState)
    {
        _hardState = hardState;
        TakeEntry(record);
    }

    private static bool IsOnlyVoter(Configuration configuration, ulong self) =>
        configuration is { IsJoint: false, Voters: [var only] } && only == self;

    // As the core has it: the one commits this by itself, since the other may not exist yet.
    private static bool TakesSecondVoter(Configuration next) => next is { IsJoint: false, Voters.Length: 2 };

    private void TakeEntry(in LogRecord record)
    {
        if (record.Index != Tail.Last + 1)
        {
            throw new InvalidDataException($"entry {record.Index} follows entry {Tail.Last} in the log");
        }

        Restored.Add(EntryKinds.Header(record.Index, record.Term, record.Kind, record.Bytes.Span));
        bool isDecided = _decidesAlone;
        if (record.Kind == EntryKinds.Configuration)
        {
            Membership entry = MembershipCodec.Decode(record.Bytes.Span);
            isDecided &= TakesSecondVoter(entry.Configuration);
            TakeConfiguration(record.Index, entry);
            isDecided |= _decidesAlone;
        }

        if (isDecided && store.AppliedIndex == Tail.Last)
        {
            Apply(record.Index, new EntryPlace(record.Term, record.Payload, record.Bytes.Length, record.Kind, 0), record.Bytes);
            Tail.Skip(record.Index);
        }
        else
        {
            Tail.Add(record.Kind, record.Term, record.Bytes.ToArray(), record.Payload);
        }
    }

    private void TakeConfiguration(ulong index, Membership entry)
    {
        Members.Announce(entry.Members);
        _configurations.Add((index, entry.Configuration));
        _decidesAlone = IsOnlyVoter(entry.Configuration, self);
        if (_decidesAlone)
        {
            CommitThrough(Tail.Last);
        }
    }

    private void TakeHardState(in HardState state)
    {
        _hardState = state;
        if (state.Commit > Tail.Last)
        {
            throw new InvalidDataException($"the log says that entry {state.Commit} is committed, but {Tail.Last} is its last");
        }

        CommitThrough(state.Commit);
    }

    private void Truncate(ulong from)
    {
        if (from <= store.AppliedIndex)
        {
            throw new InvalidDataException($"the log voids its entries from {from} on, but {store.AppliedIndex} is applied");
        }

        Tail.TruncateFrom(from);
        while (_configurations[^1].Index >= from && _configurations.Count > 1)
        {
            _configurations.RemoveAt(_configurations.Count - 1);
        }

        _decidesAlone = IsOnlyVoter(_configurations[^1].Configuration, self);
    }

    private void Reset(in LogRecord record)
    {
        (ulong session, ClusterState state) = ResetRecord.Decode(record.Bytes.Span);
        if (!_incoming.IsWhole(session))
        {
            throw new InvalidDataException(
                $"the log goes on from received state at entry {state.Index}, but does not hold all of it: {_incoming.Defect}");
        }

        store.TakeOver(_incoming.Detach(), state.Index, state.Term);
        Members.Reset(state.Membership);
        Tail.Reset(state.Index);
        Restored = new RestoredState(state.Base);
        _configurations.Clear();
        _configurations.Add((state.Index, state.Membership.Configuration));
        _decidesAlone = IsOnlyVoter(state.Membership.Configuration, self);
        _hardState = _hardState with { Commit = state.Index };
    }

    private void CommitThrough(ulong index)
    {
        for (ulong next = store.AppliedIndex + 1; next <= index; next++)
        {
            Apply(next, Tail.Place(next), Tail.Payload(next));
        }

        Tail.ApplyThrough(store.AppliedIndex);
    }

    private void Apply(ulong index, in EntryPlace place, ReadOnlyMemory<byte> payload)
    {
        store.Apply(new StoreEntry(
            index, place.Term, EntryKinds.ForStore(place.Kind), payload, place.Payload.Segment, place.Payload.Offset));
        if (EntryKinds.ConcernsMembers(place.Kind))
        {
            Members.Apply(place.Kind, payload.Span);
        }
    }
}
