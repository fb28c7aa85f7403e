using System.Text;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc.Tests;

/// <summary>HPACK as far as it is read here: the Huffman code, the walk over a block, and the authority in it.</summary>
public class HeaderBlockTests
{
    // What etcdctl 3.4.23 sends for "endpoint status" at http://127.0.0.1:15555, up to and with the authority.
    private const string EtcdctlBlock = "8386" + "459760A92488" + "2D9DCB6571AFA066A925A875" + "10AC6E48D36A3F"
        + "41909D29AEE30C044EAE05C0B86E05B6DB6F" + "5F8B1D75D0620D263D4C4D6564";

    // The strings of RFC 7541, appendix C.
    [TestCase("F1E3C2E5F23A6BA0AB90F4FF", "www.example.com")]
    [TestCase("A8EB10649CBF", "no-cache")]
    [TestCase("D07ABE941054D444A8200595040B8166E082A62D1BFF", "Mon, 21 Oct 2013 20:13:21 GMT")]
    [TestCase("9D29AD171863C78F0B97C8E9AE82AE43D3", "https://www.example.com")]
    [TestCase("94E7821DD7F2E6C7B335DFDFCD5B3960D5AF27087F3672C1AB270FB5291F9587316065C003ED4EE5B1063D5007",
        "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1")]
    [TestCase("", "")]
    public void A_string_of_the_standard_is_decoded(string encoded, string expected)
    {
        byte[] decoded = new byte[expected.Length];

        Assert.That(HpackHuffman.TryDecode(Convert.FromHexString(encoded), decoded, out int count));
        Assert.That(Encoding.ASCII.GetString(decoded), Is.EqualTo(expected));
        Assert.That(count, Is.EqualTo(expected.Length));
        Assert.That(ModelHpack.Huffman(decoded), Is.EqualTo(Convert.FromHexString(encoded)));
    }

    [Test]
    public void Every_byte_has_a_code_and_comes_back()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(symbol => (byte)symbol)];
        byte[] decoded = new byte[256];

        Assert.That(HpackHuffman.TryDecode(ModelHpack.Huffman(all), decoded, out int count));
        Assert.That(count, Is.EqualTo(256));
        Assert.That(decoded, Is.EqualTo(all));
    }

    // From the table in the standard, at the far ends of it.
    [TestCase(0, "1111111111000")]
    [TestCase(10, "111111111111111111111111111100")]
    [TestCase(22, "111111111111111111111111111110")]
    [TestCase('0', "00000")]
    [TestCase('~', "1111111111101")]
    [TestCase(255, "11111111111111111111101110")]
    public void A_code_is_that_of_the_standard(int symbol, string code) =>
        Assert.That(ModelHpack.Code((byte)symbol), Is.EqualTo(code));

    [TestCase("1FFF", TestName = "A byte of padding too many")]
    [TestCase("18", TestName = "Padding that is not ones")]
    [TestCase("FFFFFFFF", TestName = "The end of a string inside of it")]
    [TestCase("F1E3C2E5F23A6BA0AB90F4FF", TestName = "A string longer than its room")]
    public void A_malformed_string_is_refused(string encoded) =>
        Assert.That(HpackHuffman.TryDecode(Convert.FromHexString(encoded), new byte[14], out _), Is.False);

    [Test]
    public void The_authority_of_etcdctl_is_replaced()
    {
        byte[]? block = HeaderBlock.ReplaceUrlAuthority(Convert.FromHexString(EtcdctlBlock));

        string expected = EtcdctlBlock.Replace(
            "41909D29AEE30C044EAE05C0B86E05B6DB6F", "410F" + Convert.ToHexString("127.0.0.1:15555"u8), StringComparison.Ordinal);
        Assert.That(Convert.ToHexString(block!), Is.EqualTo(expected));
        Assert.That(HeaderBlock.ReplaceUrlAuthority(block), Is.Null, "Once it is replaced it is in order.");
    }

    [TestCase("http://127.0.0.1:2379", "127.0.0.1:2379")]
    [TestCase("https://db.example:2379", "db.example:2379")]
    [TestCase("http://db.example:2379/", "db.example:2379")]
    [TestCase("http://[::1]:2379/some/path", "[::1]:2379")]
    [TestCase("unixs://localhost:2379", "localhost:2379")]
    [TestCase("unix:///run/etcd.sock", "")]
    [TestCase("http://", "")]
    [TestCase("127.0.0.1:2379", null)]
    [TestCase("http:", null)]
    [TestCase("", null)]
    public void A_literal_of_any_kind_becomes_the_host(string authority, string? host)
    {
        foreach (int kind in (int[])[ModelHpack.Indexing, ModelHpack.NoIndexing, ModelHpack.NeverIndexed])
        {
            foreach (bool isHuffman in (bool[])[false, true])
            {
                byte[] url = ModelHpack.Literal(kind, 1, authority, isHuffman);
                byte[] before = [.. ModelHpack.Indexed(3), .. url, .. ModelHpack.Indexed(200)];
                byte[]? after = host is null
                    ? null
                    : [.. ModelHpack.Indexed(3), .. ModelHpack.Literal(kind, 1, host, isHuffman: false), .. ModelHpack.Indexed(200)];

                Assert.That(HeaderBlock.ReplaceUrlAuthority(before), Is.EqualTo(after));
            }
        }
    }

    [Test]
    public void A_host_of_any_length_keeps_its_bytes([Values(0, 1, 126, 127, 128, 254, 255, 400, 505)] int length, [Values] bool isHuffman)
    {
        string host = new('e', length);
        byte[] block = ModelHpack.Literal(ModelHpack.Indexing, 1, "http://" + host, isHuffman);

        byte[]? replaced = HeaderBlock.ReplaceUrlAuthority(block);

        Assert.That(ModelHpack.Describe(replaced), Is.EqualTo((string[])[$"40 #1 = {host}"]));
    }

    [Test]
    public void An_authority_that_is_no_host_by_its_length_is_left_alone([Values] bool isHuffman) =>
        Assert.That(HeaderBlock.ReplaceUrlAuthority(ModelHpack.Literal(0, 1, "http://" + new string('e', 506), isHuffman)), Is.Null);

    [Test]
    public void A_URL_under_another_name_is_left_alone()
    {
        byte[] block =
        [
            .. ModelHpack.Literal(ModelHpack.Indexing, "referer", "http://a", isHuffman: true),
            .. ModelHpack.Literal(ModelHpack.NoIndexing, 51, "http://a", isHuffman: false),
            .. ModelHpack.TableSize(4096),
        ];

        Assert.That(HeaderBlock.ReplaceUrlAuthority(block), Is.Null);
    }

    [Test]
    public void Only_the_authority_changes([Range(1, 300)] int seed)
    {
        var random = new Random(seed);
        byte[] block = RandomFields(random);

        byte[] replaced = HeaderBlock.ReplaceUrlAuthority(block) ?? block;

        Assert.That(ModelHpack.Describe(replaced), Is.EqualTo(ModelHpack.Describe(block).ConvertAll(WithHost)), $"seed {seed}");
    }

    [Test]
    public void A_block_cut_off_changes_up_to_the_cut()
    {
        byte[] url = ModelHpack.Literal(ModelHpack.Indexing, 1, "http://a:1", isHuffman: true);
        byte[] host = ModelHpack.Literal(ModelHpack.Indexing, 1, "a:1", isHuffman: false);
        byte[] after = ModelHpack.Literal(ModelHpack.Indexing, "x-name", new string('v', 300), isHuffman: false);
        byte[] block = [.. url, .. after];
        for (int cut = 0; cut <= block.Length; cut++)
        {
            byte[]? expected = cut < url.Length ? null : [.. host, .. after.AsSpan(0, cut - url.Length)];

            Assert.That(HeaderBlock.ReplaceUrlAuthority(block.AsSpan(0, cut)), Is.EqualTo(expected), $"cut at {cut}");
        }
    }

    [Test]
    public void No_bytes_upset_the_walk()
    {
        const int Seed = 20_261_122;
        var random = new Random(Seed);
        byte[] original = Convert.FromHexString(EtcdctlBlock);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] block = original.AsSpan(0, random.Next(original.Length + 1)).ToArray();
            for (int flips = random.Next(4); flips > 0 && block.Length > 0; flips--)
            {
                block[random.Next(block.Length)] = (byte)random.Next(256);
            }

            Assert.That(() => HeaderBlock.ReplaceUrlAuthority(block), Throws.Nothing, $"seed {Seed}, round {i}");
        }
    }

    [Test]
    public void A_frame_keeps_padding_and_priority([Values] bool isPadded, [Values] bool hasPriority)
    {
        byte[] Frame(string authority, bool isHuffman)
        {
            byte[] payload =
            [
                .. isPadded ? (byte[])[7] : [], .. hasPriority ? (byte[])[0x80, 0, 0, 1, 15] : [],
                .. ModelHpack.Literal(ModelHpack.Indexing, 1, authority, isHuffman), .. isPadded ? new byte[7] : [],
            ];
            byte flags = (byte)(4 | (isPadded ? 8 : 0) | (hasPriority ? 0x20 : 0));
            return [0, 0, (byte)payload.Length, 1, flags, 0, 0, 0, 5, .. payload];
        }

        byte[]? replaced = HeadersFrame.ReplaceUrlAuthority(Frame("http://db:2379", isHuffman: true));
        Assert.That(replaced, Is.EqualTo(Frame("db:2379", isHuffman: false)));
        Assert.That(HeadersFrame.ReplaceUrlAuthority(Frame("db:2379", isHuffman: true)), Is.Null);
    }

    [TestCase("000000010C00000001", TestName = "No room for the pad length")]
    [TestCase("000001010C00000001FF", TestName = "More padding than frame")]
    [TestCase("00000201240000000180", TestName = "A priority cut off")]
    [TestCase("000000010400000001", TestName = "No header block")]
    public void A_malformed_frame_is_left_alone(string frame) =>
        Assert.That(HeadersFrame.ReplaceUrlAuthority(Convert.FromHexString(frame)), Is.Null);

    [Test]
    public void A_frame_that_would_get_too_long_is_left_alone()
    {
        // In Huffman code the URL is shorter than its host is plain.
        byte[] url = ModelHpack.Literal(ModelHpack.Indexing, 1, "http://" + new string('e', 200), isHuffman: true);
        byte[] payload = [.. url, .. new byte[HeadersFrame.MaxPayloadBytes - url.Length]];

        Assert.That(HeadersFrame.ReplaceUrlAuthority([0, 0x40, 0, 1, 4, 0, 0, 0, 1, .. payload]), Is.Null);
    }

    /// <summary>A block of fields of all kinds, some of them authorities, some of those URLs.</summary>
    internal static byte[] RandomFields(Random random)
    {
        List<byte> block = [];
        for (int fields = random.Next(8); fields > 0; fields--)
        {
            int kind = random.Next(3) switch { 0 => ModelHpack.Indexing, 1 => ModelHpack.NoIndexing, _ => ModelHpack.NeverIndexed };
            bool isHuffman = random.Next(2) == 0;
            string value = (random.Next(3) == 0 ? "http://" : "") + new string((char)random.Next(33, 127), random.Next(200));
            block.AddRange(random.Next(5) switch
            {
                0 => ModelHpack.Indexed(random.Next(1, 300)),
                1 => ModelHpack.TableSize(random.Next(5000)),
                2 => ModelHpack.Literal(kind, random.Next(1, 100), value, isHuffman),
                3 => ModelHpack.Literal(kind, "x-name", value, isHuffman),
                _ => ModelHpack.Literal(kind, 1, value, isHuffman),
            });
        }

        return [.. block];
    }

    /// <summary>What a field's description becomes.</summary>
    internal static string WithHost(string field)
    {
        int url = field.IndexOf(" #1 = http://", StringComparison.Ordinal);
        return url < 0 ? field : field[..(url + 6)] + field[(url + 13)..].Split('/')[0];
    }
}
