using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>What a member knows of itself apart from its log, and must still know when the log is damaged.</summary>
/// <param name="ClusterId">The cluster it belongs to, for ever.</param>
/// <param name="MemberId">Who it is there, for ever.</param>
/// <param name="Term">The newest term it has promised something in.</param>
/// <param name="Vote">Whom it voted for in that term; 0 is nobody.</param>
/// <param name="HasPeers">
/// Others vote, so that the group has what this member loses. When in doubt false: a member that decides alone holds the only copy.
/// </param>
/// <param name="Damage">What was found damaged, until the group has filled the log again; null: the member is whole.</param>
internal sealed record MemberRecord(
    ulong ClusterId, ulong MemberId, ulong Term, ulong Vote, bool HasPeers, FoundDamage? Damage = null)
{
    /// <summary>Whether anybody but a member votes in a configuration, in either half of it.</summary>
    public static bool HasOtherVoters(Configuration configuration, ulong self) =>
        configuration.Voters.Any(voter => voter != self) || configuration.Outgoing.Any(voter => voter != self);

    /// <summary>Term and vote together with what the log says of them: whichever is newer.</summary>
    /// <param name="logged">As the log has it; its commit index stays.</param>
    /// <exception cref="InvalidDataException">They name two votes in one term.</exception>
    public HardState Merge(in HardState logged)
    {
        if (Term != logged.Term)
        {
            return Term > logged.Term ? logged with { Term = Term, Vote = Vote } : logged;
        }

        if (Vote != 0 && logged.Vote != 0 && Vote != logged.Vote)
        {
            throw new InvalidDataException(
                $"in term {Term} this member voted for {Vote:x} by its member file and for {logged.Vote:x} by its log");
        }

        return logged with { Vote = logged.Vote != 0 ? logged.Vote : Vote };
    }
}

/// <summary>Damage that made a member give up its log.</summary>
/// <param name="File">The file, without its folder; cut when it is long.</param>
/// <param name="Offset">Where in it, or -1.</param>
/// <param name="Reason">What was wrong; cut when it is long.</param>
/// <param name="IsSetAside">The log so far is gone; what is there now came from the group since.</param>
internal sealed record FoundDamage(string File, long Offset, string Reason, bool IsSetAside = false);
