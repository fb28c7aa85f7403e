using System.Buffers;
using Etcdish.Rpc.Http2;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>What the encoder writes, byte by byte and as the decoder and the model read it.</summary>
public class HpackEncoderTests
{
    [TestCase(":status", "200", "88")]
    [TestCase(":method", "POST", "83")]
    [TestCase(":path", "/index.html", "85")]
    [TestCase("accept-encoding", "gzip, deflate", "90")]
    [TestCase("te", "", "0002746500")]
    [TestCase("TE", "trailers", "0002746508747261696C657273")]
    [TestCase(":status", "302", "0803333032")]
    [TestCase("vary", "", "BB")]
    [TestCase("Content-Type", "a", "0F100161")]
    [TestCase("x", "\u00E9", "00017801E9")]
    public void A_field_is_written(string name, string value, string expected)
    {
        byte[] destination = new byte[HpackEncoder.MaxBytes(name, value)];
        int count = HpackEncoder.Write(destination, name, value);

        Assert.That(Convert.ToHexString(destination, 0, count), Is.EqualTo(expected));
        Assert.That(Convert.ToHexString(Encode(name, value)), Is.EqualTo(expected));
    }

    [Test]
    public void Every_static_field_is_one_byte()
    {
        for (int index = 1; index <= HpackStaticTable.Count; index++)
        {
            HeaderField field = HpackStaticTable.Get(index);
            Assert.That(Encode(field.Name, field.Value), Is.EqualTo((byte[])[(byte)(0x80 | index)]));
            Assert.That(Read(Encode(field.Name, "other")), Is.EqualTo((field.Name, "other")));
        }
    }

    [Test]
    public void Every_status_comes_back([Values(100, 103, 200, 204, 206, 304, 400, 404, 415, 431, 500, 503, 999)] int status)
    {
        byte[] block = new byte[HpackEncoder.MaxStatusBytes];
        int count = HpackEncoder.WriteStatus(block, status);

        Assert.That(Read(block[..count]), Is.EqualTo((":status", $"{status}")));
        Assert.That(block[..count], Is.EqualTo(Encode(":status", $"{status}")));
    }

    [TestCase(99)]
    [TestCase(1000)]
    [TestCase(-1)]
    public void What_is_no_status_is_refused(int status) =>
        Assert.That(() => HpackEncoder.WriteStatus(new byte[16], status), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Texts_of_any_length_come_back([Values(0, 1, 126, 127, 128, 254, 255, 16_384, 100_000)] int length)
    {
        string value = new('v', length);
        Assert.That(Read(Encode("grpc-message", value)), Is.EqualTo(("grpc-message", value)));
        Assert.That(Read(Encode("n" + value, "")), Is.EqualTo(("n" + value, "")));
    }

    [TestCase("", TestName = "A name that is empty")]
    [TestCase("a b", TestName = "A name with a space")]
    [TestCase("a\r\nb", TestName = "A name with a line's end")]
    [TestCase("\u00E4", TestName = "A name that is not ASCII")]
    [TestCase(":protocol", TestName = "A pseudo header that is not the static table's")]
    public void A_name_is_refused(string name) => Assert.That(() => Encode(name, "value"), Throws.ArgumentException);

    [TestCase("a\0")]
    [TestCase("a\rb")]
    [TestCase("a\nb")]
    [TestCase("\u0100")]
    public void A_value_is_refused(string value) => Assert.That(() => Encode("name", value), Throws.ArgumentException);

    [Test]
    public void A_field_that_is_refused_leaves_nothing_behind()
    {
        ArrayBufferWriter<byte> block = new();
        Assert.That(() => HpackEncoder.Write(block, "name", "\n"), Throws.ArgumentException);
        Assert.That(block.WrittenCount, Is.Zero);
    }

    [Test]
    public void The_blocks_of_a_call_that_succeeds()
    {
        Assert.That(Describe(GrpcHeaderBlocks.ResponseHeaders), Is.EqualTo((string[])[":status: 200", "content-type: application/grpc"]));
        Assert.That(Describe(GrpcHeaderBlocks.OkTrailers), Is.EqualTo((string[])["grpc-status: 0", "grpc-message: "]));
        Assert.That(
            Convert.ToHexString(GrpcHeaderBlocks.ResponseHeaders), Is.EqualTo("880F1010" + Convert.ToHexString("application/grpc"u8)));
    }

    [Test]
    public void Random_fields_come_back([Range(1, 100)] int seed)
    {
        Random random = new(seed);
        HpackDecoder decoder = new(4096, int.MaxValue);
        ArrayBufferWriter<byte> block = new();
        List<(string, string)> expected = [];
        for (int field = 0; field < 20; field++)
        {
            string name = random.Next(2) == 0
                ? HpackStaticTable.Get(random.Next(1, HpackStaticTable.Count + 1)).Name
                : new string((char)random.Next('A', 'Z' + 1), random.Next(1, 200));
            string value = new((char)random.Next(' ', 256), random.Next(300));
            expected.Add((name.ToLowerInvariant(), value));
            HpackEncoder.Write(block, name, value);
        }

        List<HeaderField> fields = [];
        decoder.Decode(block.WrittenSpan, fields);

        Assert.That(fields.ConvertAll(field => (field.Name, field.Value)), Is.EqualTo(expected), $"seed {seed}");
        Assert.That(new HpackModel(4096).Decode(block.WrittenSpan.ToArray()), Is.EqualTo(expected), $"seed {seed}");
        Assert.That(fields.TrueForAll(field => field.IsNameValid && field.IsValueValid));
        Assert.That(decoder.Table.Count, Is.Zero);
    }

    private static byte[] Encode(string name, string value)
    {
        ArrayBufferWriter<byte> block = new();
        HpackEncoder.Write(block, name, value);
        return block.WrittenSpan.ToArray();
    }

    private static (string Name, string Value) Read(byte[] block)
    {
        List<HeaderField> fields = [];
        new HpackDecoder(4096, int.MaxValue).Decode(block, fields);
        return (fields.Single().Name, fields.Single().Value);
    }

    private static List<string> Describe(byte[] block)
    {
        List<HeaderField> fields = [];
        new HpackDecoder(4096, 4096).Decode(block, fields);
        return fields.ConvertAll(field => field.ToString());
    }
}
