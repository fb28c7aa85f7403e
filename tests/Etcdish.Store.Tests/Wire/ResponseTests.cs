using System.Buffers;
using Google.Protobuf;
using static Etcdish.Store.Tests.StoreHarness;
using Pb = Etcdish.Protos;

namespace Etcdish.Store.Tests;

[TestFixture]
internal sealed class ResponseTests
{
    private static readonly ResponseHeader _header = new(0xCDF818194E3A8C32, 0x8E9E05C52164694D, 2, 300);

    private StoreHarness _harness = null!;

    [SetUp]
    public void SetUp()
    {
        _harness = new StoreHarness();
        _harness.Grant(-7);
        _harness.Put("a", "1", lease: -7);
        _harness.Put("b", new string('x', 300));
        _harness.Put("c");
    }

    [TearDown]
    public void TearDown() => _harness.Dispose();

    [Test]
    public void A_put_is_answered_with_etcds_bytes()
    {
        var output = new ArrayBufferWriter<byte>();
        ResponseEncoder.WritePut(output, new ResponseHeader(1, 2, 3, 4), previous: null, _harness.Log);
        Assert.That(Convert.ToHexString(output.WrittenSpan), Is.EqualTo("0A080801100218032004"));
    }

    [Test]
    public void Answers_have_the_bytes_that_protobuf_gives_them()
    {
        var put = _harness.Apply(PutOf("a", "2") with { PrevKv = true });
        var deleted = _harness.Apply(DeleteOf("a", "c") with { PrevKv = true });
        var previous = Check(
            output => ResponseEncoder.WritePut(output, _header, put.PutPrevious, _harness.Log),
            ResponseEncoder.PutSize(_header, put.PutPrevious),
            Pb.PutResponse.Parser).PrevKv;
        Assert.That((previous.Value.ToStringUtf8(), previous.Lease, previous.ModRevision), Is.EqualTo(("1", -7L, 2L)));
        var answer = Check(
            output => ResponseEncoder.WriteDeleteRange(output, _header, deleted.DeleteRange!, _harness.Log),
            ResponseEncoder.DeleteRangeSize(_header, deleted.DeleteRange!),
            Pb.DeleteRangeResponse.Parser);
        Assert.That((answer.Deleted, answer.PrevKvs.Count), Is.EqualTo((2L, 2)));
    }

    [TestCase(1, 3)]
    [TestCase(100, 2)]
    [TestCase(long.MaxValue, 1)]
    public void A_range_can_be_written_in_pieces(long bytesAtATime, int expectedPieces)
    {
        var result = _harness.Store.Range(RangeOf("a", "z"));
        var pieces = 0;
        var answer = Check(
            output =>
            {
                var writer = new RangeResponseWriter(_header, result, _harness.Log);
                do
                {
                    pieces++;
                }
                while (!writer.WriteSome(output, bytesAtATime));
            },
            RangeResponseWriter.SizeOf(_header, result),
            Pb.RangeResponse.Parser);
        Assert.That((answer.Count, answer.More, answer.Kvs.Count), Is.EqualTo((3L, false, 3)));
        Assert.That(answer.Kvs[1].Value.Length, Is.EqualTo(300));
        Assert.That(pieces, Is.EqualTo(expectedPieces));
    }

    [Test]
    public void Keys_only_leaves_out_values_and_leases()
    {
        var result = _harness.Store.Range(RangeOf("a") with { KeysOnly = true });
        var pair = Check(
            output => new RangeResponseWriter(_header, result, _harness.Log).WriteSome(output, long.MaxValue),
            RangeResponseWriter.SizeOf(_header, result),
            Pb.RangeResponse.Parser).Kvs[0];
        Assert.That((pair.Value.Length, pair.Lease, pair.Version), Is.EqualTo((0, 0L, 1L)));
        Assert.That(_harness.Log.Reads, Is.Zero);
    }

    [Test]
    public void A_transaction_answers_with_empty_headers_inside()
    {
        var nested = new TxnRequest { Success = [Op(RangeOf("a", "z")), Op(DeleteOf("c"))] };
        var result = _harness.Txn(Op(PutOf("d", "4") with { PrevKv = true }), Op(nested), Op(DeleteOf("a") with { PrevKv = true }));
        var answer = Check(
            output => ResponseEncoder.WriteTxn(output, _header, result.Txn!, _harness.Log),
            ResponseEncoder.TxnSize(_header, result.Txn!),
            Pb.TxnResponse.Parser);
        Assert.That(answer.Responses[0].ResponsePut.Header, Is.EqualTo(new Pb.ResponseHeader { Revision = 5 }));
        Assert.That(answer.Responses[1].ResponseTxn.Header, Is.EqualTo(new Pb.ResponseHeader()));
        Assert.That(answer.Responses[1].ResponseTxn.Responses[0].ResponseRange.Kvs, Has.Count.EqualTo(4));
        Assert.That(answer.Responses[2].ResponseDeleteRange.PrevKvs[0].Key.ToStringUtf8(), Is.EqualTo("a"));
    }

    [Test]
    public void Random_transactions_have_the_bytes_that_protobuf_gives_them()
    {
        var seed = Environment.TickCount;
        var generate = new RequestGenerator(new Random(seed));
        for (var i = 0; i < 500; i++)
        {
            if (_harness.Apply(generate.Txn(_harness.Store.CurrentRevision)) is { Error: null, Txn: { } txn })
            {
                Check(
                    output => ResponseEncoder.WriteTxn(output, _header, txn, _harness.Log),
                    ResponseEncoder.TxnSize(_header, txn),
                    Pb.TxnResponse.Parser);
            }
        }
    }

    private static T Check<T>(Action<IBufferWriter<byte>> write, long size, MessageParser<T> parser)
        where T : IMessage<T>
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        Assert.That(output.WrittenCount, Is.EqualTo(size), "the size is known beforehand");
        var message = parser.ParseFrom(output.WrittenSpan);
        Assert.That(message.ToByteArray(), Is.EqualTo(output.WrittenSpan.ToArray()));
        return message;
    }
}
