using System.Buffers;
using System.Security.Cryptography;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Records;

public class SnapshotMessageTests
{
    private static readonly ClusterState _state = new(
        70, 4, new HardState(5, 2, 70), new Membership(Configuration.Of(1, 2), [new MemberInfo(1, "m1", ["http://m1:1"], [])]));

    [Test]
    public void Questions_are_read_as_they_were_asked()
    {
        SnapshotQuestion open = new(PeerQuestionKind.SnapshotOpen, Number: 70, Term: 4, MaxPartBytes: 1 << 16);
        SnapshotQuestion part = new(PeerQuestionKind.SnapshotPart, Session: ulong.MaxValue, Number: 9);
        SnapshotQuestion end = new(PeerQuestionKind.SnapshotEnd, Session: 3, Installed: true);
        foreach (SnapshotQuestion question in new[] { open, part, end, end with { Installed = false } })
        {
            Assert.That(SnapshotQuestion.Decode(question.Encode()), Is.EqualTo(question));
        }
    }

    [Test]
    public void Answers_are_read_as_they_were_given()
    {
        OpenedSnapshot opened = new(11, _state);
        Assert.That(OpenedSnapshot.Decode(opened.Encode()), Is.EqualTo(opened));
        Assert.That(OpenedSnapshot.Decode([]).Session, Is.Zero, "there is none");
        byte[] answer = new byte[SnapshotPart.HeaderBytes + 3];
        SnapshotPart.WriteHeader(answer, isLast: true, number: 5, checksum: 0xABCD);
        SnapshotPart part = SnapshotPart.Decode(answer);
        Assert.That((part.IsLast, part.Number, part.Checksum, part.Payload.Length), Is.EqualTo((true, 5UL, 0xABCDU, 3)));
        (ulong session, ClusterState state) = ResetRecord.Decode(ResetRecord.Encode(8, _state));
        Assert.That((session, state), Is.EqualTo((8UL, _state)));
    }

    [Test]
    public void Whatever_the_bytes_reading_returns_or_says_what_is_wrong([Range(0, 199)] int seed)
    {
        Random random = new(seed);
        byte[][] samples = [new SnapshotQuestion(PeerQuestionKind.SnapshotOpen).Encode(), new OpenedSnapshot(1, _state).Encode(), new byte[20]];
        byte[] bytes = samples[random.Next(samples.Length)][..];
        for (int i = random.Next(4); i > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        bytes = bytes[..random.Next(bytes.Length + 1)];
        AssertDefined(() => SnapshotQuestion.Decode(bytes));
        AssertDefined(() => OpenedSnapshot.Decode(bytes));
        AssertDefined(() => SnapshotPart.Decode(bytes));
        AssertDefined(() => ResetRecord.Decode(bytes));
        AssertDefined(() => SnapshotPartRecord.Decode(bytes));

        static void AssertDefined(Action read)
        {
            try
            {
                read();
            }
            catch (Exception refusal) when (refusal is InvalidDataException or MalformedFrameException)
            {
                Assert.That(refusal.Message, Is.Not.Empty);
            }
        }
    }

    [Test]
    public void Parts_that_are_nonsense_or_out_of_order_are_no_state_and_harm_nothing()
    {
        using IncomingStateRun run = new();
        run.Take(session: 1, number: 0, RandomNumberGenerator.GetBytes(50));
        Assert.That(run.Incoming.IsWhole(1), Is.False);
        Assert.That(run.Incoming.Defect, Is.Not.Null);

        run.Take(session: 2, number: 0, IncomingStateRun.End(versions: 0));
        Assert.That(run.Incoming.IsWhole(2), "a session begins anew");
        Assert.That(run.Incoming.IsWhole(1), Is.False);

        run.Take(session: 3, number: 1, IncomingStateRun.End(versions: 0));
        Assert.That(run.Incoming.IsWhole(2), Is.False, "something came after its end");
        run.Take(session: 4, number: 0, IncomingStateRun.End(versions: 1));
        Assert.That(run.Incoming.Defect, Does.Contain("brought 0"));
        run.Incoming.Drop();
        Assert.That(run.Incoming.IsOpen, Is.False);
    }

    private sealed class IncomingStateRun : IDisposable
    {
        public IncomingState Incoming { get; } = new(new NoValues());

        public static byte[] End(long versions)
        {
            ArrayBufferWriter<byte> payload = new();
            ImportEncoder.WriteHead(ImportPart.End, payload);
            ImportEncoder.Write(new ImportEnd(1, -1, versions, 0, []), payload);
            return payload.WrittenSpan.ToArray();
        }

        public void Take(ulong session, ulong number, byte[] part) =>
            Incoming.Take(SnapshotPartRecord.Encode(session, number, part), new LogPosition(1, 4096));

        public void Dispose() => Incoming.Drop();
    }

    private sealed class NoValues : IValueSource
    {
        public void Read(in ValueReference reference, Span<byte> destination) => throw new InvalidOperationException("nothing is read here");

        public ReadScope EnterRead() => new(this, 0);

        public void ExitRead(int token)
        {
        }
    }
}
