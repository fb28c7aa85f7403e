using System.Buffers.Binary;
using System.Net;
using System.Text;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Tests.Dns;

/// <summary>Queries as clients make them, and answers as people read them.</summary>
internal static class Messages
{
    /// <summary>A query, with the letters of the name as they are.</summary>
    public static byte[] Query(string name, RecordType type, ushort id = 1, int datagram = 0, ushort flags = DnsHeader.RecursionDesired)
    {
        byte[] question = [.. Wire(name), 0, (byte)type, 0, 1];
        byte[] edns = datagram == 0 ? [] : [0, 0, 41, (byte)(datagram >> 8), (byte)datagram, 0, 0, 0, 0, 0, 0];
        byte[] header = new byte[DnsHeader.Bytes];
        new DnsHeader(id, flags, 1, 0, 0, (ushort)(datagram == 0 ? 0 : 1)).Write(header);
        return [.. header, .. question, .. edns];
    }

    /// <summary>A name with its letters as they are.</summary>
    public static byte[] Wire(string name)
    {
        List<byte> bytes = [];
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        return [.. bytes, 0];
    }

    /// <summary>The answer to a query, with records by section.</summary>
    public static byte[] Reply(
        ReadOnlySpan<byte> query, ResponseCode code, IEnumerable<(Section Section, string Owner, RecordType Type, uint Ttl, byte[] Data)> records,
        ushort flags = 0)
    {
        var buffer = new byte[ushort.MaxValue];
        Span<byte> name = new byte[WireName.MaxBytes];
        DnsQuery.Read(query, name, out var asked);
        var writer = new MessageWriter(buffer, withEdns: false);
        writer.CopyQuestion(query[DnsHeader.Bytes..asked.QuestionEnd]);
        foreach (var (section, owner, type, ttl, data) in records)
        {
            Assert.That(writer.TryAdd(section, WireName.Parse(owner), type, ttl, data));
        }

        return buffer[..writer.Finish(asked.Id, DnsHeader.IsResponse | flags | (int)code)];
    }

    /// <summary>The data of an SOA record by which denials hold for so long.</summary>
    public static byte[] Soa(string server, byte minimum) =>
        [.. WireName.Parse(server), .. WireName.Parse("hostmaster." + server), .. new byte[19], minimum];

    /// <summary><c>code flags | answers | authorities | additional records</c>, parts that are empty left out, the OPT record as well.</summary>
    public static string Text(ReadOnlySpan<byte> message)
    {
        var header = DnsHeader.Read(message);
        var reader = new MessageReader(message);
        Span<byte> name = new byte[WireName.MaxBytes];
        for (var i = 0; i < header.Questions; i++)
        {
            Assert.That(reader.TryReadQuestion(name, out _));
        }

        var code = header.Flags & DnsHeader.CodeMask;
        List<string> parts = [];
        foreach (var count in new[] { header.Answers, header.Authorities, header.Additionals })
        {
            List<string> records = [];
            for (var i = 0; i < count; i++)
            {
                Assert.That(reader.TryReadRecord(name, out var record));
                if (record.Type == RecordType.Opt)
                {
                    code |= (int)(record.Ttl >> 24) << 4;
                    continue;
                }

                records.Add($"{WireName.ToText(name[..record.NameLength])} {record.Ttl} {Data(message, reader, record)}");
            }

            parts.Add(records.Count == 0 ? "" : $" | {string.Join(", ", records)}");
        }

        Assert.That(reader.Offset, Is.EqualTo(message.Length));
        var aa = (header.Flags & DnsHeader.IsAuthoritative) != 0 ? " aa" : "";
        var tc = (header.Flags & DnsHeader.IsTruncated) != 0 ? " tc" : "";
        return $"{(ResponseCode)code}{aa}{tc}{string.Concat(parts)}";
    }

    private static string Data(ReadOnlySpan<byte> message, MessageReader reader, DnsRecord record)
    {
        Assert.That(reader.TryExpand(record, new byte[RecordShape.MaxBytes], out var data));
        return record.Type switch
        {
            RecordType.A or RecordType.Aaaa => $"{Name(record.Type)} {new IPAddress(data)}",
            RecordType.Cname or RecordType.Ptr or RecordType.Ns => $"{Name(record.Type)} {WireName.ToText(data)}",
            RecordType.Soa => $"SOA {WireName.ToText(data[..WireName.LengthOf(data)])}",
            RecordType.Txt => $"TXT \"{Encoding.ASCII.GetString(data[1..])}\"",
            RecordType.Srv => $"SRV {BinaryPrimitives.ReadUInt16BigEndian(data)} {BinaryPrimitives.ReadUInt16BigEndian(data[2..])} "
                + $"{BinaryPrimitives.ReadUInt16BigEndian(data[4..])} {WireName.ToText(data[6..])}",
            _ => $"TYPE{(int)record.Type} {Convert.ToHexString(message.Slice(record.DataOffset, record.DataLength))}",
        };
    }

    private static string Name(RecordType type) => type.ToString().ToUpperInvariant();
}
