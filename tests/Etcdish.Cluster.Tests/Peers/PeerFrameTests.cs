using System.Text;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;

namespace Etcdish.Cluster.Tests.Peers;

public class PeerFrameTests
{
    private static readonly Message _append = new()
    {
        Type = MessageType.Append,
        ClusterId = 0x1112131415161718,
        From = 0x2122232425262728,
        To = 0x3132333435363738,
        Term = 4,
        Index = 0x50,
        LogTerm = 3,
        LastIndex = 0x52,
        Commit = 0x4f,
        QuarantineTarget = 9,
        Quarantine = 10,
    };

    [Test]
    public void An_append_has_the_bytes_of_the_table()
    {
        PeerFrameWriter writer = new();
        writer.BeginRaft(_append);
        writer.AddEntry(3, 1, "abc"u8);
        writer.AddEntry(4, 0, []);

        Assert.That(Convert.ToHexStringLower(writer.Frame), Is.EqualTo(
            "01010100" + "02000000" + "1817161514131211" + "2827262524232221" + "3837363534333231"
            + "0400000000000000" + "5000000000000000" + "0300000000000000" + "5200000000000000" + "4f00000000000000"
            + "0000000000000000" + "0000000000000000" + "0000000000000000" + "0900000000000000" + "0a00000000000000"
            + "03000000" + "01000000" + "0300000000000000" + "616263"
            + "00000000" + "00000000" + "0400000000000000"));
    }

    [Test]
    public void An_answer_has_the_bytes_of_the_table()
    {
        PeerFrameWriter writer = new();
        writer.BeginRaft(new Message
        {
            Type = MessageType.AppendResponse,
            ClusterId = 1,
            From = 2,
            To = 3,
            Term = 4,
            Index = 5,
            LastIndex = 6,
            Reject = true,
            Quarantine = 11,
            HintIndex = 7,
            HintTerm = 8,
            ReadPosition = 9,
        });

        Assert.That(Convert.ToHexStringLower(writer.Frame), Is.EqualTo(
            "01010201" + "00000000" + "0100000000000000" + "0200000000000000" + "0300000000000000"
            + "0400000000000000" + "0500000000000000" + "0000000000000000" + "0600000000000000" + "0000000000000000"
            + "0700000000000000" + "0800000000000000" + "0900000000000000" + "0000000000000000"
            + "0b00000000000000"));
    }

    [Test]
    public void The_other_kinds_have_the_bytes_of_the_table()
    {
        PeerFrameWriter writer = new();
        writer.WriteForward(0x0102, 3, "xy"u8);
        Expect("0102030000000000" + "0201000000000000" + "7879");
        writer.WriteAccepted(new AcceptedFrame(7, 8, 9));
        Expect("0103000000000000" + "0700000000000000" + "0800000000000000" + "0900000000000000");
        writer.WriteRefused(new RefusedFrame(7, 14, "no"));
        Expect("01040e0000000000" + "0700000000000000" + "6e6f");
        writer.WriteReadIndex(7);
        Expect("0105000000000000" + "0700000000000000");
        writer.WriteReadIndexAnswer(new ReadIndexAnswerFrame(7, 8));
        Expect("0106000000000000" + "0700000000000000" + "0800000000000000");
        writer.WriteLeaseCall(new LeaseCallFrame(7, LeaseCallKind.TimeToLive, -2));
        Expect("0107020000000000" + "0700000000000000" + "feffffffffffffff");
        writer.WriteLeaseAnswer(new LeaseAnswerFrame(7, -1, 60));
        Expect("0108000000000000" + "0700000000000000" + "ffffffffffffffff" + "3c00000000000000");

        void Expect(string hex) => Assert.That(Convert.ToHexStringLower(writer.Frame), Is.EqualTo(hex));
    }

    [Test]
    public void Raft_frames_are_read_as_they_were_written()
    {
        Random random = new(11);
        PeerFrameWriter writer = new();
        for (int round = 0; round < 2_000; round++)
        {
            byte[][] payloads = FrameSamples.WriteRaft(writer, random, out Message written);

            RaftFrame read = PeerFrameReader.ReadRaft(writer.Frame);

            Assert.That(read.Message, Is.EqualTo(written));
            Assert.That(read.EntryCount, Is.EqualTo(payloads.Length));
            int index = 0;
            foreach (EncodedEntry entry in read.Entries)
            {
                Assert.That(entry.Payload.SequenceEqual(payloads[index]));
                Assert.That((entry.Term, entry.Kind), Is.EqualTo(((ulong)index + 1, (byte)(index % 64))));
                index++;
            }

            Assert.That(index, Is.EqualTo(payloads.Length));
        }
    }

    [Test]
    public void The_other_kinds_are_read_as_they_were_written()
    {
        PeerFrameWriter writer = new();
        writer.WriteForward(ulong.MaxValue, 63, "request"u8);
        ForwardFrame forward = PeerFrameReader.ReadForward(writer.Frame);
        Assert.That((forward.Sequence, forward.Kind), Is.EqualTo((ulong.MaxValue, (byte)63)));
        Assert.That(forward.Payload.SequenceEqual("request"u8));

        writer.WriteAccepted(new AcceptedFrame(1, 2, 3));
        Assert.That(PeerFrameReader.ReadAccepted(writer.Frame), Is.EqualTo(new AcceptedFrame(1, 2, 3)));
        writer.WriteRefused(new RefusedFrame(1, 9, "etcdserver: größer"));
        Assert.That(PeerFrameReader.ReadRefused(writer.Frame), Is.EqualTo(new RefusedFrame(1, 9, "etcdserver: größer")));
        writer.WriteReadIndex(5);
        Assert.That(PeerFrameReader.ReadReadIndex(writer.Frame), Is.EqualTo(5));
        writer.WriteReadIndexAnswer(new ReadIndexAnswerFrame(5, 6));
        Assert.That(PeerFrameReader.ReadReadIndexAnswer(writer.Frame), Is.EqualTo(new ReadIndexAnswerFrame(5, 6)));
        writer.WriteLeaseCall(new LeaseCallFrame(5, LeaseCallKind.Renew, long.MinValue));
        Assert.That(PeerFrameReader.ReadLeaseCall(writer.Frame), Is.EqualTo(new LeaseCallFrame(5, LeaseCallKind.Renew, long.MinValue)));
        writer.WriteLeaseAnswer(new LeaseAnswerFrame(5, -1, 0));
        Assert.That(PeerFrameReader.ReadLeaseAnswer(writer.Frame), Is.EqualTo(new LeaseAnswerFrame(5, -1, 0)));
    }

    [Test]
    public void A_refusal_that_is_too_long_loses_its_end_between_two_characters()
    {
        PeerFrameWriter writer = new();
        writer.WriteRefused(new RefusedFrame(1, 14, new string('€', 3_000)));

        RefusedFrame read = PeerFrameReader.ReadRefused(writer.Frame);

        Assert.That(read.Text, Is.EqualTo(new string('€', 4096 / 3)));
    }

    [Test]
    public void A_local_kind_neither_leaves_nor_enters()
    {
        PeerFrameWriter writer = new();
        Assert.That(() => writer.WriteForward(1, 64, default), Throws.InstanceOf<ArgumentOutOfRangeException>());

        writer.WriteForward(1, 63, default);
        byte[] forward = writer.Frame.ToArray();
        forward[2] = 64;
        Assert.That(() => PeerFrameReader.ReadForward(forward), Throws.TypeOf<MalformedFrameException>());

        writer.BeginRaft(_append with { LastIndex = 0x51 });
        writer.AddEntry(4, 63, "x"u8);
        byte[] append = writer.Frame.ToArray();
        append[PeerFrameFormat.RaftHeaderBytes + 4] = 64;
        Assert.That(() => PeerFrameReader.ReadRaft(append).EntryCount, Throws.TypeOf<MalformedFrameException>());
    }

    [TestCase("", "two bytes")]
    [TestCase("01", "two bytes")]
    [TestCase("0201", "version 2")]
    [TestCase("0100", "unknown kind")]
    [TestCase("010a", "unknown kind")]
    public void What_is_no_frame_has_no_kind(string hex, string why) =>
        Assert.That(
            () => PeerFrameReader.KindOf(Convert.FromHexString(hex)),
            Throws.TypeOf<MalformedFrameException>().With.Message.Contains(why));

    [TestCase(2, 0, "type of message")]
    [TestCase(2, 11, "type of message")]
    [TestCase(3, 4, "flags")]
    [TestCase(4, 1, "number of entries")]
    [TestCase(4, 3, "number of entries")]
    [TestCase(56, 0x4f, "ends before it begins")]
    [TestCase(112, 4, "ends before its last entry")]
    [TestCase(115, 255, "longer than its frame")]
    [TestCase(112 + 5, 1, "not one that travels")]
    public void A_wrong_byte_in_an_append_is_refused(int offset, int value, string why)
    {
        PeerFrameWriter writer = new();
        writer.BeginRaft(_append);
        writer.AddEntry(3, 1, "abc"u8);
        writer.AddEntry(4, 0, []);
        byte[] frame = writer.Frame.ToArray();
        frame[offset] = (byte)value;

        Assert.That(() => PeerFrameReader.ReadRaft(frame).EntryCount, Throws.TypeOf<MalformedFrameException>().With.Message.Contains(why));
    }

    [Test]
    public void Whatever_the_bytes_reading_returns_or_throws_the_one_exception()
    {
        const int seed = 20261122;
        Random random = new(seed);
        PeerFrameWriter writer = new();
        int accepted = 0;
        for (int round = 0; round < 100_000; round++)
        {
            byte[] frame = FrameSamples.Mutate(FrameSamples.Any(writer, random), random);
            try
            {
                FrameSamples.ReadAll(frame);
                accepted++;
            }
            catch (MalformedFrameException)
            {
                // What most of them are.
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}, frame {Convert.ToHexString(frame)}: {e}");
            }
        }

        Assert.That(accepted, Is.InRange(10_000, 90_000), "mutations that never, or always, hit a check test nothing");
    }

    [Test]
    public void Writing_and_reading_frames_allocates_nothing()
    {
        PeerFrameWriter writer = new();
        byte[] payload = Encoding.UTF8.GetBytes(new string('v', 200));
        ulong sum = RoundTrip(writer, payload);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            sum += RoundTrip(writer, payload);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(sum, Is.GreaterThan(0));
    }

    private static ulong RoundTrip(PeerFrameWriter writer, byte[] payload)
    {
        ulong sum = 0;
        writer.BeginRaft(_append);
        writer.AddEntry(3, 1, payload);
        writer.AddEntry(4, 1, payload);
        foreach (EncodedEntry entry in PeerFrameReader.ReadRaft(writer.Frame).Entries)
        {
            sum += entry.Term + (ulong)entry.Payload.Length;
        }

        writer.WriteAccepted(new AcceptedFrame(1, 2, 3));
        return sum + PeerFrameReader.ReadAccepted(writer.Frame).Index;
    }
}
