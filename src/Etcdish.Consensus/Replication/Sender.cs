namespace Etcdish.Consensus;

/// <summary>What goes out to followers: once a batch, so that all that a batch brought shares an append.</summary>
internal sealed class Sender(NodeCore core)
{
    /// <summary>Sends a follower what it lacks, as far as its window and the limits of an append allow.</summary>
    internal void SendAppends(Progress follower)
    {
        while (follower.State != ProgressState.Snapshot)
        {
            var previous = follower.Next - 1;
            var hasEntries = previous < core.Log.LastIndex && !follower.IsPaused;
            if (!hasEntries && !IsEmptyAppendDue(follower))
            {
                return;
            }

            if (!core.Log.TryTermAt(previous, out var previousTerm))
            {
                WantSnapshot(follower);
                return;
            }

            var (last, bytes) = hasEntries ? Fitting(follower) : (previous, 0);
            if (last == previous && !IsEmptyAppendDue(follower))
            {
                return;
            }

            SendAppend(follower, previous, previousTerm, last, bytes);
        }
    }

    internal void SendHeartbeat(Progress follower, ulong readPosition) => core.Send(new Message
    {
        Type = MessageType.Heartbeat,
        To = follower.Member,
        Commit = Math.Min(follower.Match, core.Commit),
        ReadPosition = readPosition,
    });

    /// <summary>State is sent to who answers; to a silent follower it would be in vain.</summary>
    private void WantSnapshot(Progress follower)
    {
        if (core.Now - follower.HeardAt < (ulong)core.Options.ElectionTicks)
        {
            follower.BecomeSnapshot();
            core.Effects.WantSnapshot(follower.Member);
        }
    }

    /// <summary>
    /// Without entries an append tells a follower of a commit, or asks one where it stands. It is not subject to the window: when all
    /// that filled the window was lost, this is what finds out.
    /// </summary>
    private bool IsEmptyAppendDue(Progress follower) =>
        follower.AppendDue || (follower.State == ProgressState.Replicate && follower.CommitSent < Math.Min(core.Commit, follower.Next - 1));

    /// <summary>The entries that the next append can hold; none when even one does not fit beside what is in flight.</summary>
    private (ulong Last, long Bytes) Fitting(Progress follower)
    {
        var flights = follower.Inflights;
        var room = Math.Min(core.Options.MaxAppendBytes, core.Options.MaxInflightBytes - flights.Bytes);
        var last = core.EntryLog.LastIndexWithin(follower.Next, core.Log.LastIndex, room, out var bytes);
        ConsensusInvariantException.Check(last >= follower.Next && last <= core.Log.LastIndex, "an append holds entries of the log");
        return bytes > room && flights.Count > 0 ? (follower.Next - 1, 0) : (last, bytes);
    }

    private void SendAppend(Progress follower, ulong previous, ulong previousTerm, ulong last, long bytes)
    {
        core.Send(new Message
        {
            Type = MessageType.Append,
            To = follower.Member,
            Index = previous,
            LogTerm = previousTerm,
            LastIndex = last,
            Commit = core.Commit,
            Quarantine = follower.Quarantine,
            QuarantineTarget = follower.QuarantineTarget,
        });
        follower.OnSent(last, bytes, Math.Min(core.Commit, last));
    }
}
