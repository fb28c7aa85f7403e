using Etcdish.Network.Dns.Forwarding;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Tests.Dns;

/// <summary>Messages as bytes.</summary>
public sealed class MessageTests
{
    [Test]
    public void An_answer_is_these_bytes()
    {
        var query = Messages.Query("Web.x.test", RecordType.Cname, id: 0x1234);
        var reply = Messages.Reply(query, ResponseCode.NoError,
        [
            (Section.Answer, "web.x.test", RecordType.Cname, 5, WireName.Parse("db.x.test")),
            (Section.Answer, "db.x.test", RecordType.A, 300, [10, 0, 0, 1]),
            (Section.Answer, "_p._tcp.x.test", RecordType.Srv, 5, [0, 0, 0, 100, 0, 80, .. WireName.Parse("db.x.test")]),
        ]);
        Assert.That(Convert.ToHexString(reply), Is.EqualTo(
            "123480000001000300000000" + "03576562" + "0178" + "0474657374" + "00" + "00050001"
            + "C00C" + "00050001" + "00000005" + "0005" + "026462" + "C010"
            + "C028" + "00010001" + "0000012C" + "0004" + "0A000001"
            + "025F70" + "045F746370" + "C010" + "00210001" + "00000005" + "0011" + "000000640050" + "026462" + "0178" + "0474657374" + "00"));
    }

    [Test]
    public void A_name_that_repeats_a_label_does_not_point_into_itself()
    {
        var reply = Messages.Reply(
            Messages.Query("x.test", RecordType.A), ResponseCode.NoError, [(Section.Answer, "a.a", RecordType.Cname, 5, WireName.Parse("a.a.a"))]);
        Assert.That(Messages.Text(reply), Is.EqualTo("NoError | a.a. 5 CNAME a.a.a."));
    }

    [TestCase("C00C", TestName = "A pointer to itself is no name")]
    [TestCase("0161C00C", TestName = "A pointer to the name's own begin is no name")]
    [TestCase("C00E0161C00C", TestName = "Pointers to each other are no name")]
    [TestCase("C003", TestName = "A pointer into the header is no name")]
    [TestCase("C0", TestName = "Half a pointer is no name")]
    [TestCase("40", TestName = "An unknown kind of label is no name")]
    [TestCase("0561", TestName = "A label that is cut off is no name")]
    [TestCase("0161", TestName = "A name without an end is no name")]
    public void Names_that_are_none(string bytes)
    {
        byte[] message = [.. new byte[DnsHeader.Bytes], .. Convert.FromHexString(bytes)];
        var at = DnsHeader.Bytes;
        Assert.That(WireName.TryRead(message, ref at, new byte[WireName.MaxBytes], out _), Is.False);
    }

    [Test]
    public void A_name_has_at_most_255_bytes()
    {
        var longest = string.Join('.', Enumerable.Repeat(new string('a', 62), 4)) + ".b";
        Assert.That(WireName.Parse(longest), Has.Length.EqualTo(WireName.MaxBytes));
        Assert.That(() => WireName.Parse(longest + "b"), Throws.TypeOf<FormatException>());
        byte[] message = [.. new byte[DnsHeader.Bytes], 1, (byte)'x', .. WireName.Parse(longest)];
        var at = DnsHeader.Bytes;
        Assert.That(WireName.TryRead(message, ref at, new byte[WireName.MaxBytes], out _), Is.False);
    }

    [TestCase(".", ExpectedResult = ".")]
    [TestCase("A.b", ExpectedResult = "a.b.")]
    [TestCase("a.b.", ExpectedResult = "a.b.")]
    public string Names_from_text(string text) => WireName.ToText(WireName.Parse(text));

    [TestCase("")]
    [TestCase("a..b")]
    [TestCase(".a")]
    [TestCase("a..")]
    public void Texts_that_are_no_names(string text) => Assert.That(WireName.TryParse(text, out _), Is.False);

    [Test]
    public void What_is_written_is_read()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            List<(Section, string, RecordType, uint, byte[])> records = [];
            List<string> expected = [];
            for (var i = random.Next(40); i > 0; i--)
            {
                var owner = RandomName(random);
                var (type, data) = RandomData(random);
                records.Add((Section.Answer, owner, type, (uint)i, data));
                expected.Add($"{owner} {type} {i} {Convert.ToHexString(data)}");
            }

            var reply = Messages.Reply(Messages.Query(RandomName(random), RecordType.A), ResponseCode.NoError, records);
            Assert.That(ReadAll(reply), Is.EqualTo(expected), $"seed {seed}");
        }
    }

    [Test]
    public void What_does_not_fit_leaves_nothing_behind()
    {
        for (var size = 30; size < 120; size++)
        {
            var buffer = new byte[size];
            var writer = new MessageWriter(buffer, withEdns: false);
            writer.CopyQuestion([.. WireName.Parse("a.test"), 0, 1, 0, 1]);
            var count = 0;
            while (count < 4 && writer.TryAdd(Section.Answer, WireName.Parse($"n{count}.b.test"), RecordType.Cname, 5, WireName.Parse("c.d.test")))
            {
                count++;
            }

            var reply = buffer[..writer.Finish(1, 0)];
            Assert.That(ReadAll(reply), Has.Count.EqualTo(count), $"{size} bytes");
            Assert.That(reply, Has.Length.LessThanOrEqualTo(size));
        }
    }

    [Test]
    public void Broken_answers_are_refused_or_read_never_worse()
    {
        var (kept, refused) = (0, 0);
        for (var seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var reply = Messages.Reply(Messages.Query("x.test", RecordType.A), ResponseCode.NoError,
                [.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => (Section.Answer, RandomName(random), RandomData(random)))
                    .Select(r => (r.Item1, r.Item2, r.Item3.Type, 5u, r.Item3.Data))]);
            for (var i = random.Next(4); i > 0; i--)
            {
                reply[random.Next(DnsHeader.Bytes, reply.Length)] = (byte)random.Next(256);
            }

            if (CachedAnswer.Read(reply, new ForwarderLimits(), now: 0) is { } answer)
            {
                Assert.That(() => WriteAgain(answer), Throws.Nothing, $"seed {seed}");
                kept++;
            }
            else
            {
                refused++;
            }
        }

        Assert.That(kept, Is.GreaterThan(1000));
        Assert.That(refused, Is.GreaterThan(1000));
    }

    private static void WriteAgain(CachedAnswer answer)
    {
        var writer = new MessageWriter(new byte[DnsQuery.MaxDatagram], withEdns: true);
        answer.TryWrite(ref writer, TimeProvider.System);
    }

    private static List<string> ReadAll(byte[] message)
    {
        List<string> records = [];
        var reader = new MessageReader(message);
        Span<byte> name = new byte[WireName.MaxBytes];
        Assert.That(reader.TryReadQuestion(name, out _));
        for (int i = DnsHeader.Read(message).Answers; i > 0; i--)
        {
            Assert.That(reader.TryReadRecord(name, out var record));
            Assert.That(reader.TryExpand(record, new byte[RecordShape.MaxBytes], out var data));
            records.Add($"{WireName.ToText(name[..record.NameLength])} {record.Type} {record.Ttl} {Convert.ToHexString(data)}");
        }

        Assert.That(reader.Offset, Is.EqualTo(message.Length));
        return records;
    }

    private static string RandomName(Random random) =>
        string.Concat(Enumerable.Range(0, 1 + random.Next(5)).Select(_ => $"{"abc"[random.Next(3)]}{random.Next(3)}."));

    private static (RecordType Type, byte[] Data) RandomData(Random random)
    {
        byte[] Name() => WireName.Parse(RandomName(random));
        byte[] Bytes(int count)
        {
            var bytes = new byte[count];
            random.NextBytes(bytes);
            return bytes;
        }

        return random.Next(7) switch
        {
            0 => (RecordType.A, Bytes(4)),
            1 => (RecordType.Aaaa, Bytes(16)),
            2 => (RecordType.Cname, Name()),
            3 => (RecordType.Soa, [.. Name(), .. Name(), .. Bytes(20)]),
            4 => (RecordType.Srv, [.. Bytes(6), .. Name()]),
            5 => (RecordType.Mx, [.. Bytes(2), .. Name()]),
            _ => ((RecordType)999, Bytes(random.Next(30))),
        };
    }
}
