namespace Etcdish.Consensus;

/// <summary>
/// How a member takes what its leader sends (Raft, section 5.3). An acknowledgement is a promise and waits for the write that it
/// promises; a refusal leaves at once.
/// </summary>
internal static class Replica
{
    internal static StepResult OnAppend(NodeCore core, in Message append, ReadOnlySpan<EntryHeader> entries)
    {
        if (append.Index < core.Commit)
        {
            // Everything committed here agrees with every later leader: spare it the search.
            Acknowledge(core, core.Commit);
            return default;
        }

        if (!core.Log.Matches(append.Index, append.LogTerm))
        {
            Refuse(core, append.Index, append.LogTerm);
            return default;
        }

        var appendFrom = TakeNew(core, entries);
        core.AdvanceCommit(Math.Min(append.Commit, append.LastIndex));
        if (core.Quarantined && append.Quarantine == core.Quarantine && append.LastIndex >= append.QuarantineTarget)
        {
            core.LiftQuarantine();
        }

        Acknowledge(core, append.LastIndex);
        return new StepResult(IgnoredReason.None, appendFrom);
    }

    internal static void OnHeartbeat(NodeCore core, in Message heartbeat)
    {
        core.Send(new Message
        {
            Type = MessageType.HeartbeatResponse,
            To = heartbeat.From,
            ReadPosition = heartbeat.ReadPosition,
            Quarantine = core.Quarantine,
        });
        if (heartbeat.Commit <= core.Log.LastIndex)
        {
            // The leader's commit is at most what this member acknowledged in this term, so it names entries that agree.
            if (!core.Quarantined)
            {
                core.AdvanceCommit(heartbeat.Commit);
            }
        }
        else
        {
            // Acknowledged entries are gone from this disk. Saying so lets the leader send them again (etcd #10166 stops here).
            Refuse(core, heartbeat.Commit, ulong.MaxValue);
        }
    }

    /// <summary>Whether the state that a leader offers is needed; if not, the leader is told how far the log already agrees.</summary>
    internal static bool WantsSnapshot(NodeCore core, in Message offer)
    {
        if (offer.Index > core.Commit && core.Log.Matches(offer.Index, offer.LogTerm))
        {
            core.AdvanceCommit(offer.Index);
        }

        if (offer.Index > core.Commit)
        {
            return true;
        }

        Acknowledge(core, core.Commit);
        return false;
    }

    internal static bool OnSnapshotReceived(NodeCore core, LogBase snapshot)
    {
        if (snapshot.Index <= core.Commit || core.Role == Role.Leader)
        {
            return false;
        }

        if (core.Log.Matches(snapshot.Index, snapshot.Term))
        {
            // The log came to hold all of it while it was on the way, and perhaps acknowledged entries after it.
            core.AdvanceCommit(snapshot.Index);
            return false;
        }

        core.ResetLog(snapshot);
        if (core.Leader != 0)
        {
            Acknowledge(core, snapshot.Index);
        }

        return true;
    }

    private static ulong TakeNew(NodeCore core, ReadOnlySpan<EntryHeader> entries)
    {
        var known = 0;
        while (known < entries.Length && core.Log.Matches(entries[known].Index, entries[known].Term))
        {
            known++;
        }

        if (known == entries.Length)
        {
            return 0;
        }

        var first = entries[known].Index;
        if (first <= core.Log.LastIndex)
        {
            core.TruncateFrom(first);
        }

        foreach (ref readonly var entry in entries[known..])
        {
            core.Append(new EntryRange(entry.Index, entry.Index, entry.Term, entry.Type, entry.Configuration));
        }

        return first;
    }

    private static void Acknowledge(NodeCore core, ulong index) => core.Send(
        new Message
        {
            Type = MessageType.AppendResponse,
            To = core.Leader,
            Index = index,
            Quarantine = core.Quarantine,
        },
        core.Writes.Covering(index));

    /// <summary>
    /// Hints at the last place where the logs can agree: entries above it here have a higher term than the leader's entry at the refused
    /// index, and terms never go back along a log. The leader does the same from its side, so that a whole term costs one round.
    /// </summary>
    private static void Refuse(NodeCore core, ulong index, ulong term)
    {
        var hint = core.Log.LastIndexNotAbove(Math.Min(index, core.Log.LastIndex), term);
        core.Log.TryTermAt(hint, out var hintTerm);
        core.Send(new Message
        {
            Type = MessageType.AppendResponse,
            To = core.Leader,
            Index = index,
            Reject = true,
            HintIndex = hint,
            HintTerm = hintTerm,
            LastIndex = core.Log.LastIndex,
            Quarantine = core.Quarantine,
        });
    }
}
