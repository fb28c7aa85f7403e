using System.Diagnostics;
using Etcdish.Consensus;
using Etcdish.Log;

namespace Etcdish.Cluster;

/// <summary>
/// What the core wants durable against what the log's batch holds. The core's wishes are never taken back, while a full disk drops a batch
/// whole: so this remembers what is owed (hard state, a cut, entries) and appends it again with the next batch, for as long as it takes.
/// The core sees only that the write is not durable yet, as with a slow disk.
/// </summary>
/// <remarks>In a batch stand, in this order: hard state, reset, cut, entries that are owed, local records, new proposals.</remarks>
internal sealed class ReplicaLog
{
    private readonly SegmentedLog _log;
    private readonly EntryTail _tail;
    private readonly HardState _restored;
    private HardState _wanted;
    private HardState? _appendedState;
    private HardState? _loggedState;
    private ReadOnlyMemory<byte> _reset;
    private ulong _resetIndex;
    private bool _resetIsAppended;
    private ulong _cut;
    private bool _cutIsAppended;
    private ulong _appendedIndex;
    private ulong _wantedWrite;
    private ulong _durableWrite;

    /// <summary>
    /// Starts from what recovery found, all of which is durable; the hard state perhaps in the member file only, so that the first batch
    /// has it in any case.
    /// </summary>
    public ReplicaLog(SegmentedLog log, EntryTail tail, in HardState durable)
    {
        _log = log;
        _tail = tail;
        _wanted = _restored = durable;
        _appendedIndex = DurableIndex = tail.Last;
    }

    /// <summary>The last entry that is durable here, as the log is now.</summary>
    public ulong DurableIndex { get; private set; }

    /// <summary>Something is in the batch.</summary>
    public bool HasBatch { get; private set; }

    /// <summary>The core waits for a write that is not durable.</summary>
    public bool IsOwing => _wantedWrite > _durableWrite;

    /// <summary>The core's write that the last commit completed.</summary>
    public ulong DurableWrite => _durableWrite;

    /// <summary>A reset is owed: what is in the log so far stands for nothing, and what comes after must not be applied yet.</summary>
    public bool IsResetting => !_reset.IsEmpty;

    /// <summary>
    /// The core goes on from received state, and will say so in its next effects. What was owed so far is void, and the tail begins anew
    /// after it.
    /// </summary>
    /// <param name="record">Payload of the record that says so.</param>
    /// <param name="index">The entry that the state stands for.</param>
    public void Reset(ReadOnlyMemory<byte> record, ulong index)
    {
        _reset = record;
        _resetIndex = index;
        _resetIsAppended = false;
        _cut = 0;
        _cutIsAppended = false;
        _appendedIndex = index;
        DurableIndex = 0;
    }

    /// <summary>Remembers what the core wants written.</summary>
    public void Take(Effects effects)
    {
        _wanted = effects.HardState;
        if (effects.Write != 0)
        {
            _wantedWrite = effects.Write;
        }

        if (effects.TruncateFrom is var from and not 0)
        {
            _cut = _cut == 0 ? from : Math.Min(_cut, from);
            _cutIsAppended = false;
            _appendedIndex = Math.Min(_appendedIndex, from - 1);
            DurableIndex = Math.Min(DurableIndex, from - 1);
        }
    }

    /// <summary>Appends all that is owed and not in the batch. Before anything else may follow it there.</summary>
    /// <exception cref="DiskFullException">No room; the batch is empty again, and all of it is still owed.</exception>
    public void AppendOwed()
    {
        AppendHardState();
        if (IsResetting && !_resetIsAppended)
        {
            Append(LocalRecordKind.Reset, 0, _wanted.Term, _reset.Span);
            _resetIsAppended = true;
        }

        if (_cut != 0 && !_cutIsAppended)
        {
            Append(LocalRecordKind.Truncate, _cut, _wanted.Term, default);
            _cutIsAppended = true;
        }

        while (_appendedIndex < _tail.Last)
        {
            ulong index = _appendedIndex + 1;
            EntryPlace place = _tail.Place(index);
            _tail.SetPosition(index, Append(place.Kind, index, place.Term, _tail.Payload(index).Span));
            _appendedIndex = index;
        }
    }

    /// <summary>Appends an entry that is to be proposed, after all that is owed, or a local record (index 0).</summary>
    /// <exception cref="DiskFullException">No room; the batch is empty again.</exception>
    public LogPosition Append(byte kind, ulong index, ulong term, ReadOnlySpan<byte> payload)
    {
        try
        {
            LogPosition at = _log.Append(kind, index, term, payload);
            HasBatch = true;
            return at;
        }
        catch (DiskFullException)
        {
            HasBatch = false;
            _appendedIndex = IsResetting ? _resetIndex : DurableIndex;
            _resetIsAppended = false;
            _appendedState = _loggedState;
            _cutIsAppended = false;
            throw;
        }
    }

    /// <summary>What was appended after all that is owed has been proposed, and is in the tail now.</summary>
    public void Proposed() => _appendedIndex = _tail.Last;

    /// <summary>The batch, with all that is owed in it, is durable.</summary>
    public void Committed()
    {
        Debug.Assert(_appendedIndex == _tail.Last, "a batch holds all that is owed");
        HasBatch = false;
        if (_resetIsAppended)
        {
            _reset = default;
            _resetIsAppended = false;
        }

        DurableIndex = _appendedIndex;
        _loggedState = _appendedState;
        _durableWrite = _wantedWrite;
        _cut = 0;
        _cutIsAppended = false;
    }

    /// <summary>The hard state as the newest durable record has it.</summary>
    public HardState DurableState => _loggedState ?? _restored;

    /// <summary>The hard state that the core wants to be durable.</summary>
    public HardState WantedState => _wanted;

    // A torn batch may keep this record and lose what follows, so its commit index stays within what is durable already.
    private void AppendHardState()
    {
        HardState state = _wanted with { Commit = Math.Min(_wanted.Commit, DurableIndex) };
        if (state == _appendedState)
        {
            return;
        }

        Span<byte> payload = stackalloc byte[HardStateRecord.Bytes];
        HardStateRecord.Encode(state, payload);
        Append(LocalRecordKind.HardState, 0, state.Term, payload);
        _appendedState = state;
    }
}
