using System.Buffers;
using Google.Protobuf;
using Pb = Etcdish.Protos;

namespace Etcdish.Store.Tests;

/// <summary>Our codec against Google's, on random messages.</summary>
[TestFixture]
internal sealed class CodecTests
{
    private const int Rounds = 1000;

    private readonly int _seed = Environment.TickCount;
    private RequestGenerator _generate = null!;

    [SetUp]
    public void SetUp() => _generate = new RequestGenerator(new Random(_seed));

    [Test]
    public void Requests_have_the_bytes_that_protobuf_gives_them()
    {
        for (var i = 0; i < Rounds; i++)
        {
            var range = _generate.Range(50);
            var put = _generate.Put();
            var delete = _generate.Delete();
            var txn = _generate.Txn(50);
            AssertSame(Encode(output => RequestEncoder.Encode(range, output)), Pb.RangeRequest.Parser);
            AssertSame(Encode(output => RequestEncoder.Encode(put, output)), Pb.PutRequest.Parser);
            AssertSame(Encode(output => RequestEncoder.Encode(delete, output)), Pb.DeleteRangeRequest.Parser);
            AssertSame(Encode(output => RequestEncoder.Encode(txn, output)), Pb.TxnRequest.Parser);
            Assert.That(RequestEncoder.SizeOf(txn), Is.EqualTo(Encode(output => RequestEncoder.Encode(txn, output)).Length));
        }
    }

    [Test]
    public void Requests_survive_decoding()
    {
        for (var i = 0; i < Rounds; i++)
        {
            var range = Encode(output => RequestEncoder.Encode(_generate.Range(50), output));
            Assert.That(Encode(output => RequestEncoder.Encode(RequestDecoder.DecodeRange(range), output)), Is.EqualTo(range));
            var put = Encode(output => RequestEncoder.Encode(_generate.Put(), output));
            Assert.That(Encode(output => RequestEncoder.Encode(RequestDecoder.DecodePut(put), output)), Is.EqualTo(put));
            var delete = Encode(output => RequestEncoder.Encode(_generate.Delete(), output));
            Assert.That(Encode(output => RequestEncoder.Encode(RequestDecoder.DecodeDeleteRange(delete), output)), Is.EqualTo(delete));
            var txn = Encode(output => RequestEncoder.Encode(_generate.Txn(50), output));
            Assert.That(Encode(output => RequestEncoder.Encode(RequestDecoder.DecodeTxn(txn), output)), Is.EqualTo(txn), $"seed {_seed}");
        }
    }

    [Test]
    public void Small_requests_survive_too()
    {
        var compact = new Pb.CompactionRequest { Revision = 300, Physical = true }.ToByteArray();
        Assert.That(RequestDecoder.DecodeCompaction(compact), Is.EqualTo(new CompactionRequest { Revision = 300, Physical = true }));
        var grant = new Pb.LeaseGrantRequest { ID = -5, TTL = 10 }.ToByteArray();
        Assert.That(RequestDecoder.DecodeLeaseGrant(grant), Is.EqualTo(new LeaseGrantRequest { Id = -5, TtlSeconds = 10 }));
        var revoke = new Pb.LeaseRevokeRequest { ID = long.MaxValue }.ToByteArray();
        Assert.That(RequestDecoder.DecodeLeaseRevoke(revoke), Is.EqualTo(long.MaxValue));
        var alarm = new AlarmRequest { Action = AlarmAction.Deactivate, MemberId = ulong.MaxValue, Type = AlarmType.Corrupt };
        Assert.That(RequestDecoder.DecodeAlarm(Encode(output => RequestEncoder.Encode(alarm, output))), Is.EqualTo(alarm));

        var payload = Encode(output =>
        {
            RequestEncoder.EncodeLeaseCheckpoint(-1, 5, output);
            RequestEncoder.EncodeLeaseCheckpoint(7, 0, output);
        });
        var leases = new List<KeyValuePair<long, long>>();
        RequestDecoder.DecodeLeaseCheckpoint(payload, leases);
        Assert.That(leases, Is.EqualTo([new KeyValuePair<long, long>(-1, 5), new(7, 0)]));
        var cut = payload.AsMemory(0, payload.Length - 1);
        Assert.That(() => RequestDecoder.DecodeLeaseCheckpoint(cut, leases), Throws.TypeOf<MalformedRequestException>());
    }

    [Test]
    public void Unknown_fields_are_skipped_and_the_last_value_wins()
    {
        byte[] message =
        [
            0x0A, 1, (byte)'a', // key
            0x78, 0xAC, 0x02, // field 15, varint
            0x79, 1, 2, 3, 4, 5, 6, 7, 8, // field 15, 64 bits
            0x7D, 1, 2, 3, 4, // field 15, 32 bits
            0x7B, 0x08, 1, 0x13, 0x14, 0x7C, // field 15, a group with a group in it
            0x08, 5, // the key's number as a varint: unknown
            0x0A, 1, (byte)'b', // key again
        ];
        Assert.That(TestLog.Text(RequestDecoder.DecodeRange(message).Key.Span), Is.EqualTo("b"));
    }

    [TestCase("0A05")]
    [TestCase("0A")]
    [TestCase("18FFFFFFFFFFFFFFFFFF02")]
    [TestCase("18FFFFFFFFFFFFFFFFFFFF01")]
    [TestCase("0001")]
    [TestCase("7C")]
    [TestCase("7B74")]
    [TestCase("7F")]
    [TestCase("79010203")]
    [TestCase("0AFFFFFFFF0F")]
    public void Malformed_messages_are_refused(string hex) => Assert.That(
        () => RequestDecoder.DecodeRange(Convert.FromHexString(hex)), Throws.TypeOf<MalformedRequestException>());

    [Test]
    public void Nesting_is_bounded()
    {
        Assert.That(() => RequestDecoder.DecodeTxn(Nested(RequestDecoder.MaxTxnDepth)), Throws.Nothing);
        Assert.That(() => RequestDecoder.DecodeTxn(Nested(RequestDecoder.MaxTxnDepth + 1)), Throws.TypeOf<MalformedRequestException>());
        var groups = Enumerable.Repeat((byte)0x7B, 100_000).ToArray();
        Assert.That(() => RequestDecoder.DecodePut(groups), Throws.TypeOf<MalformedRequestException>());
    }

    [Test]
    public void Garbage_is_refused_or_decoded_but_never_worse()
    {
        var random = new Random(_seed);
        for (var i = 0; i < 5000; i++)
        {
            var message = Encode(output => RequestEncoder.Encode(_generate.Txn(50), output));
            for (var damage = random.Next(4); damage > 0 && message.Length > 0; damage--)
            {
                message[random.Next(message.Length)] = (byte)random.Next(256);
            }

            foreach (var decode in _decoders)
            {
                try
                {
                    decode(message.AsMemory(0, message.Length - (random.Next(4) == 0 ? random.Next(message.Length + 1) : 0)));
                }
                catch (MalformedRequestException)
                {
                    continue;
                }
                catch (Exception exception)
                {
                    Assert.Fail($"seed {_seed}, round {i}, {Convert.ToHexString(message)}: {exception}");
                }
            }
        }
    }

    private static readonly Action<ReadOnlyMemory<byte>>[] _decoders =
    [
        message => RequestDecoder.DecodeTxn(message),
        message => RequestDecoder.DecodeRange(message),
        message => RequestDecoder.DecodePut(message),
        message => RequestDecoder.DecodeDeleteRange(message),
        message => RequestDecoder.DecodeAlarm(message),
        message => RequestDecoder.DecodeLeaseGrant(message),
    ];

    private static byte[] Nested(int depth)
    {
        var txn = new TxnRequest();
        for (; depth > 1; depth--)
        {
            txn = new TxnRequest { Success = [StoreHarness.Op(txn)] };
        }

        return Encode(output => RequestEncoder.Encode(txn, output));
    }

    private static byte[] Encode(Action<IBufferWriter<byte>> encode)
    {
        var output = new ArrayBufferWriter<byte>();
        encode(output);
        return output.WrittenSpan.ToArray();
    }

    private void AssertSame<T>(byte[] ours, MessageParser<T> parser)
        where T : IMessage<T> => Assert.That(parser.ParseFrom(ours).ToByteArray(), Is.EqualTo(ours), $"seed {_seed}");
}
