using System.Text;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;

namespace Etcdish.Simulation;

/// <summary>A frame in a few words.</summary>
internal static class FrameText
{
    public static string Of(ReadOnlySpan<byte> frame) => PeerFrameReader.KindOf(frame) switch
    {
        PeerFrameKind.Raft => Raft(PeerFrameReader.ReadRaft(frame).Message),
        PeerFrameKind.Forward => $"forward {PeerFrameReader.ReadForward(frame).Sequence}",
        PeerFrameKind.Accepted => Accepted(PeerFrameReader.ReadAccepted(frame)),
        PeerFrameKind.Refused => $"refused {PeerFrameReader.ReadRefused(frame).Sequence}: {PeerFrameReader.ReadRefused(frame).Text}",
        PeerFrameKind.ReadIndex => $"read index {PeerFrameReader.ReadReadIndex(frame)}",
        PeerFrameKind.ReadIndexAnswer => $"read index is {PeerFrameReader.ReadReadIndexAnswer(frame).Index}",
        PeerFrameKind.LeaseCall => $"lease call for {PeerFrameReader.ReadLeaseCall(frame).Lease}",
        PeerFrameKind.LeaseAnswer => $"lease has {PeerFrameReader.ReadLeaseAnswer(frame).Seconds} s",
        var kind => $"{kind}, {frame.Length} bytes",
    };

    private static string Accepted(in AcceptedFrame frame) => $"accepted {frame.Sequence} as entry {frame.Index} of term {frame.Term}";

    private static string Raft(in Message message)
    {
        StringBuilder text = new($"{message.Type} term {message.Term}");
        Add(text, "after", message.Index);
        Add(text, "log term", message.LogTerm);
        Add(text, "up to", message.LastIndex);
        Add(text, "commit", message.Commit);
        Add(text, "hint", message.HintIndex);
        Add(text, "read", message.ReadPosition);
        Add(text, "quarantine", message.Quarantine);
        return text.Append(message.Reject ? ", rejected" : "").ToString();
    }

    private static void Add(StringBuilder text, string name, ulong value)
    {
        if (value != 0)
        {
            text.Append(", ").Append(name).Append(' ').Append(value);
        }
    }
}
