using System.Text;
using Etcdish.Rpc.Http2;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>What the decoder refuses, bounds, and shares.</summary>
public class HpackDecoderTests
{
    [TestCase("80", TestName = "Index zero")]
    [TestCase("BE", TestName = "An index past the static table")]
    [TestCase("FFFFFFFFFF07", TestName = "An index near the largest integer")]
    [TestCase("7E00", TestName = "A name past the static table, to be inserted")]
    [TestCase("0F2F00", TestName = "A name past the static table")]
    [TestCase("FF", TestName = "An index cut off")]
    [TestCase("FFFFFFFFFF7F", TestName = "An index too large")]
    [TestCase("40", TestName = "A literal without a name")]
    [TestCase("400161", TestName = "A literal without a value")]
    [TestCase("4001610561", TestName = "A value cut off")]
    [TestCase("000561", TestName = "A name cut off")]
    [TestCase("007FFFFFFFFF07", TestName = "A name of nearly 2 GiB")]
    [TestCase("04827F", TestName = "A value in Huffman code cut off")]
    [TestCase("048118", TestName = "Padding that is not ones")]
    [TestCase("04821FFF", TestName = "A byte of padding too many")]
    [TestCase("0484FFFFFFFF", TestName = "The end of a string inside of it")]
    [TestCase("0485FFFFFFFC1F", TestName = "The end of a string before a symbol")]
    [TestCase("3FE21F", TestName = "A table larger than announced")]
    [TestCase("8220", TestName = "A table's size after an indexed field")]
    [TestCase("04002F3F00", TestName = "A table's size after a literal")]
    [TestCase("202020", TestName = "A table's size three times")]
    [TestCase("3F", TestName = "A table's size cut off")]
    public void A_malformed_block_is_refused(string block) =>
        Assert.That(() => Decode(new HpackDecoder(4096, 4096), Convert.FromHexString(block)), Throws.TypeOf<HpackException>());

    [TestCase("", 4096)]
    [TestCase("20", 0)]
    [TestCase("203FE11F", 4096)]
    [TestCase("3F00", 31)]
    public void A_tables_size_stands_in_front(string updates, int maxBytes)
    {
        HpackDecoder decoder = new(4096, 4096);

        Assert.That(Decode(decoder, Convert.FromHexString(updates + "82")), Is.EqualTo((string[])[":method: GET"]));
        Assert.That(decoder.Table.MaxBytes, Is.EqualTo(maxBytes));
        Assert.That(Decode(decoder, Convert.FromHexString(updates)), Is.Empty, "The next block may change it again.");
    }

    [TestCase(0)]
    [TestCase(65_536)]
    public void A_table_begins_with_the_size_of_the_protocol(int announced)
    {
        HpackDecoder decoder = new(announced, 4096);
        Decode(decoder, ModelHpack.Literal(ModelHpack.Indexing, "x", "y", isHuffman: false));

        Assert.That(Decode(decoder, ModelHpack.Indexed(62)), Is.EqualTo((string[])["x: y"]));
        Assert.That(decoder.Table.MaxBytes, Is.EqualTo(4096));

        Decode(decoder, ModelHpack.TableSize(announced));
        Assert.That(decoder.Table.MaxBytes, Is.EqualTo(announced));
    }

    [Test]
    public void Every_static_field_has_its_number()
    {
        string[] lines = HpackModel.StaticTable.Split('\n');
        Assert.That(lines, Has.Length.EqualTo(HpackStaticTable.Count));
        for (int index = 1; index <= lines.Length; index++)
        {
            HeaderField field = HpackStaticTable.Get(index);
            Assert.That($"{field.Name} {field.Value}".TrimEnd(), Is.EqualTo(lines[index - 1]));
            Assert.That(field.IsNameValid && field.IsValueValid);
        }
    }

    [Test]
    public void A_name_outlives_the_entry_that_makes_way_for_it()
    {
        HpackDecoder decoder = new(64, 4096);
        Decode(decoder, ModelHpack.TableSize(64));
        Decode(decoder, ModelHpack.Literal(ModelHpack.Indexing, "name", new string('a', 28), isHuffman: false));
        Assert.That(decoder.Table.Bytes, Is.EqualTo(64));

        Decode(decoder, ModelHpack.Literal(ModelHpack.Indexing, 62, new string('b', 20), isHuffman: false));

        Assert.That(Decode(decoder, ModelHpack.Indexed(62)), Is.EqualTo((string[])["name: " + new string('b', 20)]));
        Assert.That(decoder.Table.Count, Is.EqualTo(1));
    }

    [Test]
    public void A_field_larger_than_the_table_empties_it()
    {
        HpackDecoder decoder = new(64, 4096);
        Decode(decoder, [.. ModelHpack.TableSize(64), .. ModelHpack.Literal(ModelHpack.Indexing, "a", "b", isHuffman: false)]);

        string large = new('c', 32);
        byte[] block = ModelHpack.Literal(ModelHpack.Indexing, "d", large, isHuffman: false);
        Assert.That(Decode(decoder, block), Is.EqualTo((string[])["d: " + large]));

        Assert.That(decoder.Table.Count, Is.Zero);
        Assert.That(decoder.Table.Bytes, Is.Zero);
    }

    [Test]
    public void A_full_table_turns_over()
    {
        HpackDecoder decoder = new(4096, 4096);
        for (int i = 0; i < 1000; i++)
        {
            Decode(decoder, ModelHpack.Literal(ModelHpack.Indexing, "", $"{i:d4}", isHuffman: false));
        }

        Assert.That(decoder.Table.Count, Is.EqualTo(4096 / 36));
        Assert.That(Decode(decoder, ModelHpack.Indexed(62)), Is.EqualTo((string[])[": 0999"]));
        Assert.That(Decode(decoder, ModelHpack.Indexed(61 + decoder.Table.Count)), Is.EqualTo((string[])[$": {1000 - (4096 / 36):d4}"]));
    }

    [Test]
    public void A_list_too_large_is_reported_and_still_decoded()
    {
        // ":method: GET" counts 42 bytes.
        HpackDecoder decoder = new(4096, 100);
        byte[] tooLarge = [0x82, 0x82, 0x82, .. ModelHpack.Literal(ModelHpack.Indexing, "late", "entry", isHuffman: true)];

        Assert.That(Decode(decoder, tooLarge), Is.EqualTo((string[])[":method: GET", ":method: GET"]));
        Assert.That(decoder.IsListTooLarge);

        Assert.That(Decode(decoder, ModelHpack.Indexed(62)), Is.EqualTo((string[])["late: entry"]));
        Assert.That(decoder.IsListTooLarge, Is.False);
    }

    [Test]
    public void A_list_of_just_the_bound_is_not_too_large()
    {
        HpackDecoder decoder = new(4096, 84);

        Assert.That(Decode(decoder, [0x82, 0x82]), Has.Count.EqualTo(2));
        Assert.That(decoder.IsListTooLarge, Is.False);
    }

    [Test]
    public void No_field_follows_one_that_was_left_out()
    {
        HpackDecoder decoder = new(4096, 84);

        Assert.That(Decode(decoder, [.. ModelHpack.Literal(0, 4, new string('p', 100), isHuffman: false), 0x82]), Is.Empty);
        Assert.That(decoder.IsListTooLarge);
    }

    [Test]
    public void A_block_names_a_large_entry_any_number_of_times_without_a_copy()
    {
        HpackDecoder decoder = new(4096, 16_384);
        Decode(decoder, ModelHpack.Literal(ModelHpack.Indexing, "n", new string('v', 4000), isHuffman: true));
        byte[] bomb = new byte[16_384];
        bomb.AsSpan().Fill(0xBE);
        List<HeaderField> fields = new(8);

        Assert.That(AllocatedBy(() => decoder.Decode(bomb, fields), fields), Is.LessThan(100_000));
        Assert.That(decoder.IsListTooLarge);
        Assert.That(fields, Has.Count.EqualTo(4));
    }

    [TestCase(0)]
    [TestCase(31)]
    [TestCase(70_000)]
    public void A_string_of_any_length_is_decoded(int length)
    {
        string value = new('\u00FF', length);
        foreach (bool isHuffman in (bool[])[false, true])
        {
            byte[] block = ModelHpack.Literal(ModelHpack.NoIndexing, value.Length == 0 ? "" : "n" + value, value, isHuffman);
            List<HeaderField> fields = [];
            new HpackDecoder(4096, int.MaxValue).Decode(block, fields);

            Assert.That(fields.Single().Value, Is.EqualTo(value));
        }
    }

    [Test]
    public void A_request_in_indexed_fields_allocates_nothing()
    {
        HpackDecoder decoder = new(4096, 4096);
        List<HeaderField> fields = new(16);
        Decode(decoder, ModelHpack.Literal(ModelHpack.Indexing, 4, "/etcdserverpb.KV/Range", isHuffman: true));
        Decode(decoder, ModelHpack.Literal(ModelHpack.Indexing, "te", "trailers", isHuffman: true));
        byte[] block = [0x83, 0x86, 0xBF, 0xBE];

        Assert.That(AllocatedBy(() => decoder.Decode(block, fields), fields), Is.Zero);
        Assert.That(fields, Has.Count.EqualTo(4));
    }

    [Test]
    public void A_request_in_literals_allocates_nothing_when_it_comes_again([Values] bool isHuffman)
    {
        HpackDecoder decoder = new(4096, 4096);
        List<HeaderField> fields = new(16);
        byte[] block =
        [
            .. ModelHpack.Literal(ModelHpack.NoIndexing, 4, "/etcdserverpb.KV/Range", isHuffman),
            .. ModelHpack.Literal(ModelHpack.NoIndexing, "te", "trailers", isHuffman),
            .. ModelHpack.Literal(ModelHpack.Indexing, 31, "application/grpc", isHuffman),
        ];

        Assert.That(AllocatedBy(() => decoder.Decode(block, fields), fields), Is.Zero);
    }

    [Test]
    public void Two_literals_in_one_place_do_not_drive_each_other_out()
    {
        RecentFields recent = new();
        int pairs = 0;
        for (int i = 0; i < 100; i++)
        {
            byte[] left = Encoding.ASCII.GetBytes($"value-{i}");
            byte[] right = Encoding.ASCII.GetBytes($"other-value-{i}");
            HeaderField first = recent.Get(null, "te"u8, left);
            recent.Get(null, "te"u8, right);
            pairs += ReferenceEquals(first, recent.Get(null, "te"u8, left)) ? 1 : 0;
        }

        Assert.That(pairs, Is.EqualTo(100));
    }

    [Test]
    public void What_every_client_sends_is_shared_by_all_connections()
    {
        foreach (string text in (string[])["", "POST", "http", "https", "trailers", "application/grpc", "grpc-timeout"])
        {
            byte[] block = ModelHpack.Literal(ModelHpack.NoIndexing, "te", text, isHuffman: true);
            List<HeaderField> fields = [];
            new HpackDecoder(4096, 4096).Decode(block, fields);
            new HpackDecoder(4096, 4096).Decode(block, fields);

            Assert.That(fields[0].Value, Is.EqualTo(text).And.SameAs(fields[1].Value));
            Assert.That(fields[0].Name, Is.EqualTo("te").And.SameAs(fields[1].Name));
        }
    }

    [Test]
    public void A_secret_is_not_kept()
    {
        HpackDecoder decoder = new(4096, 4096);
        List<HeaderField> fields = [];
        byte[] block = ModelHpack.Literal(ModelHpack.NeverIndexed, "token", "secret", isHuffman: false);
        decoder.Decode(block, fields);
        decoder.Decode(block, fields);

        Assert.That(fields[0], Is.Not.SameAs(fields[1]));
        Assert.That(decoder.Table.Count, Is.Zero);
    }

    [TestCase("te", true, KnownHeader.Te)]
    [TestCase(":path", true, KnownHeader.Path)]
    [TestCase(":authority", true, KnownHeader.Authority)]
    [TestCase("x-!#$%&'*+.^_`|~09", true, KnownHeader.None)]
    [TestCase("Te", false, KnownHeader.None)]
    [TestCase(":Path", false, KnownHeader.None)]
    [TestCase(":protocol", false, KnownHeader.None)]
    [TestCase(":", false, KnownHeader.None)]
    [TestCase("", false, KnownHeader.None)]
    [TestCase("a b", false, KnownHeader.None)]
    [TestCase("a:b", false, KnownHeader.None)]
    [TestCase("a\0", false, KnownHeader.None)]
    [TestCase("\u00E4", false, KnownHeader.None)]
    public void A_name_is_judged_once(string name, bool isValid, object known)
    {
        List<HeaderField> fields = [];
        new HpackDecoder(4096, 4096).Decode(ModelHpack.Literal(ModelHpack.NoIndexing, name, "value", isHuffman: true), fields);

        Assert.That(fields.Single().Name, Is.EqualTo(name));
        Assert.That(fields.Single().IsNameValid, Is.EqualTo(isValid));
        Assert.That(fields.Single().Known, Is.EqualTo(known));
        Assert.That(fields.Single().Size, Is.EqualTo(name.Length + 37));
    }

    [TestCase("", true)]
    [TestCase("caf\u00E9 \t", true)]
    [TestCase("a\rb", false)]
    [TestCase("a\nb", false)]
    [TestCase("a\0b", false)]
    public void A_value_is_judged_once(string value, bool isValid)
    {
        foreach (bool isNamed in (bool[])[false, true])
        {
            List<HeaderField> fields = [];
            byte[] block = isNamed
                ? ModelHpack.Literal(ModelHpack.NoIndexing, 31, value, isHuffman: false)
                : ModelHpack.Literal(ModelHpack.NoIndexing, "x", value, isHuffman: false);
            new HpackDecoder(4096, 4096).Decode(block, fields);

            Assert.That(fields.Single().Value, Is.EqualTo(value));
            Assert.That(fields.Single().IsValueValid, Is.EqualTo(isValid));
            Assert.That(fields.Single().Known, Is.EqualTo(isNamed ? KnownHeader.ContentType : KnownHeader.None));
        }
    }

    private static List<string> Decode(HpackDecoder decoder, byte[] block)
    {
        List<HeaderField> fields = [];
        decoder.Decode(block, fields);
        return fields.ConvertAll(field => field.ToString());
    }

    // The least of several runs: the first may fill pools and make code.
    private static long AllocatedBy(Action decode, List<HeaderField> fields)
    {
        long least = long.MaxValue;
        for (int run = 0; run < 20; run++)
        {
            fields.Clear();
            long before = GC.GetAllocatedBytesForCurrentThread();
            decode();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
