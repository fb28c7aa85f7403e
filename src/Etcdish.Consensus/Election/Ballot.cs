namespace Etcdish.Consensus;

/// <summary>
/// How a member answers campaigns of others (Raft, sections 5.2 and 5.4.1; thesis, section 9.6). Learners answer too: one that was
/// promoted may not have heard of it yet, and its vote may be the one that is missing.
/// </summary>
internal static class Ballot
{
    internal static void Answer(NodeCore core, in Message request)
    {
        if (!MayGrant(core, request) || !IsUpToDate(core.Log, request))
        {
            Refuse(core, request);
            return;
        }

        if (request.Type == MessageType.PreVote)
        {
            core.Send(new Message { Type = MessageType.PreVoteResponse, To = request.From, Term = request.Term });
            GiveWay(core, request.From);
            return;
        }

        core.GrantVote(request.From);
        core.Send(new Message { Type = MessageType.VoteResponse, To = request.From }, core.Writes.HardStateWrite);
    }

    /// <summary>
    /// A refusal promises nothing, so it waits for nothing. It carries this member's term: a candidate behind learns of it.
    /// </summary>
    internal static void Refuse(NodeCore core, in Message request) => core.Send(new Message
    {
        Type = request.Type == MessageType.PreVote ? MessageType.PreVoteResponse : MessageType.VoteResponse,
        To = request.From,
        Reject = true,
    });

    /// <summary>
    /// Two that ask at the same time would both be told yes, and then split the votes: the one with the lower id asks no further. Its
    /// election timeout begins anew, in case the other does not get there either.
    /// </summary>
    private static void GiveWay(NodeCore core, ulong candidate)
    {
        if (core.Role == Role.PreCandidate && candidate > core.Self)
        {
            core.BecomeFollower(core.Term, leader: 0);
        }
    }

    private static bool MayGrant(NodeCore core, in Message request)
    {
        if (core.Quarantined)
        {
            return false;
        }

        return core.Vote == request.From
            || (core.Vote == 0 && core.Leader == 0)
            || (request.Type == MessageType.PreVote && request.Term > core.Term);
    }

    private static bool IsUpToDate(TermLog log, in Message request) =>
        request.LogTerm > log.LastTerm || (request.LogTerm == log.LastTerm && request.Index >= log.LastIndex);
}
