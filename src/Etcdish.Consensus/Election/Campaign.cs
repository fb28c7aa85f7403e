using System.Collections.Immutable;

namespace Etcdish.Consensus;

/// <summary>What a campaign asks for.</summary>
internal enum CampaignKind
{
    /// <summary>Whether a vote would be won (thesis, section 9.6).</summary>
    PreVote,

    /// <summary>Votes.</summary>
    Vote,

    /// <summary>Votes, at the wish of the leader, whose lease therefore does not count (section 3.10).</summary>
    Transfer,
}

/// <summary>
/// One campaign of this member. Requests for votes wait until term, own vote and log are durable, like answers: a candidate that asked
/// first, crashed and lost its log's end could otherwise collect in the same term the votes given to the longer log.
/// </summary>
internal sealed class Campaign(NodeCore core, CampaignKind kind)
{
    private readonly List<ulong> _granted = [];
    private readonly List<ulong> _refused = [];
    private ulong _ownVoteWrite;

    internal CampaignKind Kind => kind;

    private bool IsPreVote => kind == CampaignKind.PreVote;

    internal void Open()
    {
        _ownVoteWrite = IsPreVote ? 0 : core.Writes.HardStateWrite;
        var request = new Message
        {
            Type = IsPreVote ? MessageType.PreVote : MessageType.Vote,
            Term = IsPreVote ? core.Term + 1 : core.Term,
            Index = core.Log.LastIndex,
            LogTerm = core.Log.LastTerm,
            Transfer = kind == CampaignKind.Transfer,
        };
        foreach (var member in core.Configurations.Current.Members())
        {
            if (member != core.Self && core.Configurations.Current.IsVoter(member))
            {
                core.Send(request with { To = member }, _ownVoteWrite);
            }
        }

        if (IsPreVote)
        {
            Count(core.Self, granted: true);
        }
    }

    /// <summary>The own vote counts when it is durable, not before (etcd #14370).</summary>
    internal void OnDurable()
    {
        if (!IsPreVote && core.Writes.IsDurable(_ownVoteWrite))
        {
            Count(core.Self, granted: true);
        }
    }

    internal IgnoredReason OnResponse(in Message message)
    {
        var ofThisKind = message.Type == (IsPreVote ? MessageType.PreVoteResponse : MessageType.VoteResponse);
        var ofThisTerm = message.Term == (IsPreVote && !message.Reject ? core.Term + 1 : core.Term);
        if (!ofThisKind || !ofThisTerm)
        {
            return IgnoredReason.Late;
        }

        if (!core.Configurations.Current.IsVoter(message.From))
        {
            return IgnoredReason.UnknownMember;
        }

        Count(message.From, !message.Reject);
        return IgnoredReason.None;
    }

    private void Count(ulong member, bool granted)
    {
        if (_granted.Contains(member) || _refused.Contains(member))
        {
            return;
        }

        (granted ? _granted : _refused).Add(member);
        switch (Outcome())
        {
            case VoteOutcome.Won when IsPreVote:
                core.BeginCampaign(CampaignKind.Vote);
                break;
            case VoteOutcome.Won:
                core.BecomeLeader();
                break;
            case VoteOutcome.Lost:
                core.BecomeFollower(core.Term, leader: 0);
                break;
        }
    }

    private VoteOutcome Outcome()
    {
        var configuration = core.Configurations.Current;
        return Quorum.Joint(Outcome(configuration.Voters), Outcome(configuration.Outgoing));
    }

    private VoteOutcome Outcome(ImmutableArray<ulong> voters) =>
        Quorum.MajorityVote(voters.Length, voters.Count(_granted.Contains), voters.Count(_refused.Contains));
}
