using Etcdish.Cluster;
using Etcdish.Log;

namespace Etcdish.Simulation;

/// <summary>
/// Looks at what one node process has in its log and has applied, from outside, after each recovery and each round, and tells the world's
/// <see cref="Ledger"/>: so every entry that any member ever applies is compared with what others, and earlier lives, applied there.
/// </summary>
internal sealed class EntryObserver(World world, Machine machine, ReplicaParts parts)
{
    private const ulong HashEvery = 32;

    private byte[] _payload = new byte[256];
    private ulong _observed;
    private LogPosition _replayedTo;
    private ulong _scanned;
    private int _takeOvers;
    private ulong _scannedTerm;

    /// <summary>A member that starts again has all that it had applied, knows its term, and reads back what it once applied.</summary>
    public void CheckRecovery(RecoveredState recovered)
    {
        if (parts.Restored.Quarantined)
        {
            world.Marks.Add(Mark.Quarantined);
            machine.AppliedBefore = 0;
            if (!machine.HasRot)
            {
                world.Break("a member without damage went into quarantine", $"n{machine.Number}");
            }
        }

        if (parts.Tail.Last < machine.AppliedBefore || parts.Store.AppliedIndex < AppliedFloor)
        {
            world.Break(
                "a member forgot what it had applied",
                $"n{machine.Number} had applied entry {machine.AppliedBefore}; now its log ends at {parts.Tail.Last}, "
                + $"applied up to {parts.Store.AppliedIndex}");
        }

        if (parts.Restored.HardState.Term < machine.TermBefore)
        {
            world.Break(
                "a member forgot its term",
                $"n{machine.Number} was in term {machine.TermBefore} and starts in term {parts.Restored.HardState.Term}");
        }

        ReadLog(recovered.ReplayFrom);
        _observed = parts.Store.AppliedIndex;
    }

    public void AfterRound(Replica replica)
    {
        ulong applied = parts.Store.AppliedIndex;
        ScanLog();
        if (replica.TakeOvers != _takeOvers)
        {
            (_takeOvers, _observed) = (replica.TakeOvers, Math.Max(_observed, parts.Tail.First - 1));
        }

        if (applied > _observed)
        {
            ObserveThrough(applied);
            CompareState(applied);
        }

        machine.AppliedBefore = Math.Max(machine.AppliedBefore, applied);
        ReplicaStatus status = replica.Status;
        if (!replica.IsDiskFull)
        {
            machine.TermBefore = Math.Max(machine.TermBefore, status.Term);
        }

        if (status.Leader == machine.MemberId)
        {
            world.Ledger.Leads(machine.Process!, status.Term);
        }
    }

    // What a single voter had durable is committed by that; others learn again from the leader how far they may apply.
    private ulong AppliedFloor => world.Plan is { Members: 1, Operator.ChangeEvery: 0 } ? machine.AppliedBefore : 0;

    // What the log holds durably, committed or not. After a cut it is looked at anew.
    private void ScanLog()
    {
        EntryTail tail = parts.Tail;
        bool wasCut = tail.Last < _scanned || (tail.Contains(_scanned) && tail.Place(_scanned).Term != _scannedTerm);
        for (ulong index = Math.Max(tail.First, wasCut ? 0 : _scanned + 1); index <= tail.Last; index++)
        {
            EntryPlace place = tail.Place(index);
            if (place.Payload == default || SegmentedLog.RecordAt(place.Payload) >= parts.Log.End)
            {
                return;
            }

            world.Logs.Holds(machine, index, place, index > tail.First ? tail.Place(index - 1).Term : 0);
            (_scanned, _scannedTerm) = (index, place.Term);
        }
    }

    private void CompareState(ulong applied)
    {
        if (machine.HasRot || applied > world.Ledger.LastIndex)
        {
            return;
        }

        if (parts.Store.CurrentRevision != world.Ledger.RevisionAt(applied))
        {
            world.Break(
                "a state is not that of its entries",
                $"n{machine.Number} has applied {applied} and is at revision {parts.Store.CurrentRevision}, not {world.Ledger.RevisionAt(applied)}");
        }

        if (applied % HashEvery == 0)
        {
            world.Logs.HasState(machine, applied, parts.Store.Hash(out _));
        }
    }

    private void ObserveThrough(ulong applied)
    {
        for (ulong index = _observed + 1; index <= applied; index++)
        {
            if (!parts.Tail.Contains(index))
            {
                ReadLog(_replayedTo);
                break;
            }

            EntryPlace place = parts.Tail.Place(index);
            if (_payload.Length < place.Length)
            {
                _payload = new byte[place.Length * 2];
            }

            Span<byte> payload = _payload.AsSpan(0, place.Length);
            parts.Log.Read(place.Payload.Segment, place.Payload.Offset, payload);
            if (machine.HasRot && Store.Crc32C.Compute(payload) != place.Checksum)
            {
                // Changed on the disk since; what was applied came from memory. Others know it, or will.
                if (index > world.Ledger.LastIndex)
                {
                    _observed = index - 1;
                    return;
                }

                continue;
            }

            world.Ledger.Applied(machine, place.Term, place.Kind, index, payload);
        }

        _observed = applied;
    }

    private void ReadLog(LogPosition from)
    {
        SortedDictionary<ulong, LogRecord> entries = [];
        foreach (LogRecord record in parts.Log.Replay(from))
        {
            if (record.Kind == LocalRecordKind.Truncate)
            {
                world.Marks.Add(Mark.EntriesTruncated);
                foreach (ulong cut in entries.Keys.Where(index => index >= record.Index).ToList())
                {
                    entries.Remove(cut);
                }
            }
            else if (record.Kind == LocalRecordKind.Reset)
            {
                entries.Clear();
            }
            else if (record.Kind < LocalRecordKind.First)
            {
                entries[record.Index] = new LogRecord(record.Kind, record.Index, record.Term, record.Payload, record.Bytes.ToArray());
            }
        }

        foreach ((ulong index, LogRecord entry) in entries)
        {
            if (index <= parts.Store.AppliedIndex)
            {
                bool isNew = world.Ledger.Applied(machine, entry.Term, entry.Kind, index, entry.Bytes.Span);
                world.Marks.Add(Mark.UnansweredEntryRecovered, isNew && index > 1 ? 1 : 0);
            }
        }

        _replayedTo = parts.Log.End;
    }
}
