namespace Etcdish.Consensus;

/// <summary>What is checked of a frame before it can mean anything: who, to whom, and whether it makes sense in itself.</summary>
internal static class FrameCheck
{
    internal static IgnoredReason Inspect(NodeCore core, in Message message, ReadOnlySpan<EntryHeader> entries)
    {
        if (message.ClusterId != core.Options.ClusterId)
        {
            return IgnoredReason.OtherCluster;
        }

        if (message.To != core.Self || message.From == core.Self || message.From == 0)
        {
            return IgnoredReason.WrongAddress;
        }

        if (!IsWellFormed(message, entries))
        {
            return IgnoredReason.Malformed;
        }

        // A removal counts once committed: before, it can still be rolled back, and the removed member may be the one to lead that. A
        // leader that removed itself is heard to the end of its term: its last word hands leadership over.
        var leads = message.From == core.Leader && message.Term == core.Term;
        if (core.CommittedConfiguration.IsRemoved(message.From) && !leads)
        {
            return IgnoredReason.RemovedMember;
        }

        // Requests are heard from anybody, since the membership known here may be an old one. Answers come from those who were asked.
        var isAnswer = message.Type is MessageType.AppendResponse or MessageType.HeartbeatResponse
            or MessageType.PreVoteResponse or MessageType.VoteResponse;
        return isAnswer && !core.Configurations.Current.IsMember(message.From) && !core.CommittedConfiguration.IsMember(message.From)
            ? IgnoredReason.UnknownMember
            : IgnoredReason.None;
    }

    private static bool IsWellFormed(in Message message, ReadOnlySpan<EntryHeader> entries) => message.Type switch
    {
        MessageType.Append => message.Term > 0 && HoldsItsEntries(message, entries),
        MessageType.PreVoteResponse => entries.IsEmpty, // the one answer that a member in term 0 can give
        >= MessageType.AppendResponse and <= MessageType.Snapshot => message.Term > 0 && entries.IsEmpty,
        _ => false,
    };

    private static bool HoldsItsEntries(in Message append, ReadOnlySpan<EntryHeader> entries)
    {
        if (append.LastIndex < append.Index || append.LastIndex - append.Index != (ulong)entries.Length)
        {
            return false;
        }

        var index = append.Index;
        var term = Math.Max(append.LogTerm, 1);
        foreach (ref readonly var entry in entries)
        {
            index++;
            var inOrder = entry.Index == index && entry.Term >= term && entry.Term <= append.Term;
            if (!inOrder || (entry.Type == EntryType.Configuration) != (entry.Configuration is not null))
            {
                return false;
            }

            term = entry.Term;
        }

        return append.LogTerm <= append.Term;
    }
}
