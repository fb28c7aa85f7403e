using System.Collections.Immutable;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Log;

namespace Etcdish.Simulation;

/// <summary>What may leave a member: a vote only once in a term, also over restarts, and no promise of what is not durable.</summary>
internal sealed class FrameRules(World world)
{
    private readonly Dictionary<(ulong Voter, ulong Term), ulong> _votes = [];

    public void Sent(NodeProcess from, Machine to, ReadOnlySpan<byte> frame)
    {
        if (PeerFrameReader.KindOf(frame) != PeerFrameKind.Raft)
        {
            return;
        }

        Message message = PeerFrameReader.ReadRaft(frame).Message;
        switch (message.Type)
        {
            case MessageType.VoteResponse or MessageType.PreVoteResponse when !message.Reject && from.Replica.Status.IsQuarantined:
                world.Break("a member votes in quarantine", $"member {message.From} in term {message.Term}");
                break;
            case MessageType.VoteResponse when !message.Reject:
                CheckVote(message.From, message.Term, message.To);
                break;
            case MessageType.Vote:
                CheckVote(message.From, message.Term, message.From);
                break;
            case MessageType.AppendResponse when !message.Reject && message.Quarantine == 0:
                CheckDurable(from, to, message.Index);
                break;
        }
    }

    /// <summary>Whoever leads a term has the votes of a majority, in both halves of a joint configuration; single voters need not ask.</summary>
    public void CheckElected(Configuration group, ulong leader, ulong term)
    {
        foreach (ImmutableArray<ulong> voters in new[] { group.Voters, group.Outgoing }.Where(voters => voters.Length > 0))
        {
            int votes = voters.Count(voter => voter == leader || _votes.GetValueOrDefault((voter, term)) == leader);
            if (votes * 2 <= voters.Length)
            {
                world.Break("a leader was not elected", $"member {leader} leads term {term} with {votes} votes of {voters.Length}");
            }
        }
    }

    private void CheckVote(ulong voter, ulong term, ulong candidate)
    {
        if (!_votes.TryAdd((voter, term), candidate) && _votes[(voter, term)] != candidate)
        {
            world.Break("a member voted twice", $"member {voter} voted in term {term} for {_votes[(voter, term)]} and for {candidate}");
        }
    }

    private void CheckDurable(NodeProcess from, Machine to, ulong index)
    {
        if (from.Tail.Contains(index) && SegmentedLog.RecordAt(from.Tail.Place(index).Payload) >= from.Log.End)
        {
            world.Break(
                "a member acknowledged what is not durable", $"n{from.Machine.Number} told n{to.Number} that it has entry {index}");
        }
    }
}
