using Etcdish.Cluster.Peers;
using Etcdish.Consensus;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>Frames by a seed, and what can happen to them on the way.</summary>
internal static class FrameSamples
{
    /// <summary>Writes a Raft frame whose entries have the terms 1, 2, ... and the kinds 0, 1, ...</summary>
    /// <returns>The payloads of its entries.</returns>
    public static byte[][] WriteRaft(PeerFrameWriter writer, Random random, out Message message)
    {
        var type = (MessageType)random.Next(1, 11);
        var payloads = new byte[type == MessageType.Append ? random.Next(6) : 0][];
        ulong index = (ulong)random.NextInt64(1 << 40);
        message = new Message
        {
            Type = type,
            ClusterId = (ulong)random.NextInt64(),
            From = (ulong)random.NextInt64(),
            To = ulong.MaxValue - (ulong)random.NextInt64(),
            Term = (ulong)random.NextInt64(),
            Index = index,
            LogTerm = (ulong)random.Next(),
            LastIndex = index + (ulong)payloads.Length,
            Commit = (ulong)random.Next(),
            Reject = random.Next(2) == 0,
            HintIndex = (ulong)random.Next(),
            HintTerm = (ulong)random.Next(),
            ReadPosition = (ulong)random.Next(),
            Transfer = random.Next(2) == 0,
            Quarantine = (ulong)random.Next(),
            QuarantineTarget = (ulong)random.Next(),
        };
        writer.BeginRaft(message);
        for (int i = 0; i < payloads.Length; i++)
        {
            payloads[i] = new byte[random.Next(40)];
            random.NextBytes(payloads[i]);
            writer.AddEntry((ulong)i + 1, (byte)(i % 64), payloads[i]);
        }

        return payloads;
    }

    /// <summary>A frame of any kind, or a membership.</summary>
    public static byte[] Any(PeerFrameWriter writer, Random random)
    {
        switch (random.Next(11))
        {
            case 0:
                writer.WriteForward((ulong)random.NextInt64(), (byte)random.Next(64), new byte[random.Next(50)]);
                break;
            case 1:
                writer.WriteAccepted(new AcceptedFrame(1, 2, 3));
                break;
            case 2:
                writer.WriteRefused(new RefusedFrame(1, random.Next(1, 17), "no, größer"));
                break;
            case 3:
                writer.WriteReadIndex(9);
                break;
            case 4:
                writer.WriteReadIndexAnswer(new ReadIndexAnswerFrame(9, 10));
                break;
            case 5:
                writer.WriteLeaseCall(new LeaseCallFrame(9, LeaseCallKind.Renew, 77));
                break;
            case 6:
                writer.WriteLeaseAnswer(new LeaseAnswerFrame(9, 10, 20));
                break;
            case 7:
                writer.WriteMembers(new MembersFrame(9, new Membership(Configuration.Of(1, 2), [new MemberInfo(1, "a", ["http://a:1"], [])])));
                break;
            default:
                WriteRaft(writer, random, out _);
                break;
        }

        return writer.Frame.ToArray();
    }

    /// <summary>Flips, sets, cuts, adds or repeats some of the bytes, often in the header; now and then nothing.</summary>
    public static byte[] Mutate(byte[] bytes, Random random)
    {
        for (int change = random.Next(4); change > 0; change--)
        {
            int at = random.Next(random.Next(2) == 0 ? Math.Min(bytes.Length, 16) : bytes.Length);
            bytes = random.Next(6) switch
            {
                _ when bytes.Length == 0 => [(byte)random.Next(256)],
                0 => bytes[..at],
                1 => [.. bytes, (byte)random.Next(256)],
                2 => [.. bytes[..at], .. bytes[(at / 2)..]],
                3 => With(bytes, at, (byte)random.Next(256)),
                4 => With(bytes, at, random.Next(2) == 0 ? (byte)0 : byte.MaxValue),
                _ => With(bytes, at, (byte)(bytes[at] ^ (1 << random.Next(8)))),
            };
        }

        return bytes;
    }

    /// <summary>Reads a frame down to its last byte.</summary>
    public static long ReadAll(ReadOnlySpan<byte> frame)
    {
        switch (PeerFrameReader.KindOf(frame))
        {
            case PeerFrameKind.Raft:
                long sum = 0;
                foreach (EncodedEntry entry in PeerFrameReader.ReadRaft(frame).Entries)
                {
                    sum += entry.Payload.Length + entry.Kind;
                }

                return sum;
            case PeerFrameKind.Forward:
                return PeerFrameReader.ReadForward(frame).Payload.Length;
            case PeerFrameKind.Accepted:
                return (long)PeerFrameReader.ReadAccepted(frame).Index;
            case PeerFrameKind.Refused:
                return PeerFrameReader.ReadRefused(frame).Text.Length;
            case PeerFrameKind.ReadIndex:
                return (long)PeerFrameReader.ReadReadIndex(frame);
            case PeerFrameKind.ReadIndexAnswer:
                return (long)PeerFrameReader.ReadReadIndexAnswer(frame).Index;
            case PeerFrameKind.LeaseCall:
                return PeerFrameReader.ReadLeaseCall(frame).Lease;
            case PeerFrameKind.Members:
                return PeerFrameReader.ReadMembers(frame).Membership.Members.Length;
            default:
                return PeerFrameReader.ReadLeaseAnswer(frame).Seconds;
        }
    }

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        byte[] changed = [.. bytes];
        changed[at] = value;
        return changed;
    }
}
