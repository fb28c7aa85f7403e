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
