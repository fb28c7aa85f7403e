using System.Text;
using Etcdish.Rpc.Http2;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>The decoder against a slow model of it: the same fields, the same table, and the same blocks refused.</summary>
public class HpackModelTests
{
    private const int Seed = 7541;
    private const int FuzzRounds = 100_000;

    // Generous, and far under what a block would cost whose size were believed instead of read.
    private const int BaseBytes = 32 * 1024;
    private const int BytesPerBlockByte = 100;

    [Test]
    public void A_connections_blocks_say_what_was_encoded([Range(1, 200)] int seed)
    {
        Random random = new(seed);
        int maxTableBytes = random.Next(4) switch { 0 => 0, 1 => random.Next(300), 2 => 4096, _ => random.Next(20_000) };
        HpackBlockMaker maker = new(random, maxTableBytes);
        HpackDecoder decoder = new(maxTableBytes, int.MaxValue);
        HpackModel model = new(maxTableBytes);
        for (int round = 0; round < 50; round++)
        {
            byte[] block = maker.Next(out List<(string Name, string Value)> expected, out _);
            string context = $"seed {seed}, round {round}: {Convert.ToHexString(block)}";

            Assert.That(Decode(decoder, block), Is.EqualTo(expected), context);
            Assert.That(model.Decode(block), Is.EqualTo(expected), context);
            AssertSameTable(decoder, model, context);
        }
    }

    [Test]
    public void A_block_cut_off_is_refused_unless_between_fields([Range(1, 50)] int seed)
    {
        byte[] block = new HpackBlockMaker(new Random(seed), 4096).Next(out List<(string Name, string Value)> whole, out int parts);
        int decodable = 0;
        for (int cut = 0; cut <= block.Length; cut++)
        {
            List<(string Name, string Value)>? fields = TryDecode(new HpackDecoder(4096, int.MaxValue), block[..cut]);
            decodable += fields is null ? 0 : 1;
            Assert.That(fields ?? [], Is.EqualTo(whole.Take(fields?.Count ?? 0)), $"seed {seed}, cut at {cut}");
        }

        Assert.That(decodable, Is.EqualTo(parts + 1), $"seed {seed}: {Convert.ToHexString(block)}");
    }

    [Test]
    public void No_block_upsets_the_decoder()
    {
        Random random = new(Seed);
        int refused = 0;
        (HpackBlockMaker maker, HpackDecoder decoder, HpackModel model) = NewConnection(random);
        for (int round = 0; round < FuzzRounds; round++)
        {
            byte[] block = random.Next(3) == 0 ? RandomBytes(random) : Mutated(maker.Next(out _, out _), random);
            string context = $"seed {Seed}, round {round}: {Convert.ToHexString(block)}";

            long before = GC.GetAllocatedBytesForCurrentThread();
            List<(string Name, string Value)>? fields = TryDecode(decoder, block);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            Check(fields, Expected(model, block), context);
            Check(allocated <= BaseBytes + (BytesPerBlockByte * block.Length), $"{allocated} bytes, {context}");
            if (fields is null)
            {
                refused++;
                (maker, decoder, model) = NewConnection(random);
            }
        }

        Assert.That(refused, Is.InRange(FuzzRounds / 20, FuzzRounds * 19 / 20), "The blocks shall be of both kinds.");
    }

    [Test]
    public void Huffman_code_is_read_as_bit_by_bit()
    {
        Random random = new(Seed);
        byte[] decoded = new byte[HpackHuffman.MaxDecodedBytes(64)];
        for (int round = 0; round < FuzzRounds; round++)
        {
            byte[] encoded = random.Next(2) == 0 ? RandomBytes(random) : Mutated(ModelHpack.Huffman(RandomBytes(random, 12)), random);
            encoded = encoded[..Math.Min(encoded.Length, 64)];
            string? text = HpackHuffman.TryDecode(encoded, decoded, out int count) ? Encoding.Latin1.GetString(decoded, 0, count) : null;

            Check(text == ExpectedText(encoded), $"seed {Seed}, round {round}: {Convert.ToHexString(encoded)}");
        }
    }

    private static (HpackBlockMaker Maker, HpackDecoder Decoder, HpackModel Model) NewConnection(Random random)
    {
        int maxTableBytes = random.Next(5000);
        return (new(random, maxTableBytes), new(maxTableBytes, int.MaxValue), new(maxTableBytes));
    }

    private static byte[] RandomBytes(Random random, int max = 40)
    {
        byte[] bytes = new byte[random.Next(max)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mutated(byte[] block, Random random)
    {
        for (int flips = random.Next(3); flips > 0 && block.Length > 0; flips--)
        {
            block[random.Next(block.Length)] = (byte)random.Next(256);
        }

        return random.Next(4) == 0 ? block[..random.Next(block.Length + 1)] : block;
    }

    private static List<(string Name, string Value)> Decode(HpackDecoder decoder, byte[] block)
    {
        List<HeaderField> fields = [];
        decoder.Decode(block, fields);
        return fields.ConvertAll(field => (field.Name, field.Value));
    }

    private static List<(string Name, string Value)>? TryDecode(HpackDecoder decoder, byte[] block)
    {
        try
        {
            return Decode(decoder, block);
        }
        catch (HpackException)
        {
            return null;
        }
    }

    private static List<(string Name, string Value)>? Expected(HpackModel model, byte[] block)
    {
        try
        {
            return model.Decode(block);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string? ExpectedText(byte[] encoded)
    {
        try
        {
            return HpackModel.Huffman(encoded);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    // Asserting costs more than decoding, so it is left to the failures.
    private static void Check(List<(string Name, string Value)>? actual, List<(string Name, string Value)>? expected, string context)
    {
        if (actual is null ? expected is not null : expected is null || !actual.SequenceEqual(expected))
        {
            Assert.That(actual, Is.EqualTo(expected), context);
        }
    }

    private static void Check(bool isSo, string context)
    {
        if (!isSo)
        {
            Assert.Fail(context);
        }
    }

    private static void AssertSameTable(HpackDecoder decoder, HpackModel model, string context)
    {
        IEnumerable<(string Name, string Value)> table =
            Enumerable.Range(0, decoder.Table.Count).Select(age => (decoder.Table[age].Name, decoder.Table[age].Value));
        Assert.That(table, Is.EqualTo(model.Table), context);
        Assert.That(decoder.Table.Bytes, Is.EqualTo(model.Bytes), context);
        Assert.That(decoder.Table.MaxBytes, Is.EqualTo(model.MaxBytes), context);
    }
}
