using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Links;

namespace Etcdish.Network.Nftables;

/// <summary>
/// What the elements of a set or a map are, field by field, and how the kernel has them: each field padded to a multiple of four bytes if
/// there are several.
/// </summary>
internal sealed class SetForm
{
    private const int DataValue = 1;
    private const int DataVerdict = 2;
    private const int VerdictCode = 1;
    private const int VerdictChain = 2;
    private const int LongestElement = 64;

    private readonly Field[] _key;
    private readonly Field[] _value;

    private SetForm(Field[] key, Field[] value) => (_key, _value) = (key, value);

    private enum Field
    {
        AddressV4,
        AddressV6,
        Protocol,
        Port,
        Number,
        Verdict,
    }

    /// <summary>Whether its elements have values.</summary>
    public bool IsMap => _value.Length > 0;

    /// <summary>
    /// Reads a declaration, such as <c>type ipv4_addr . inet_proto . inet_service : verdict ;</c>. Null: there is more to its elements than
    /// fields (ranges, times), or fields of another kind.
    /// </summary>
    public static SetForm? Parse(string declaration)
    {
        var statements = declaration.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (statements is not [var only] || !only.StartsWith("type", StringComparison.Ordinal))
        {
            return null;
        }

        var sides = only[(only.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split(" : ");
        return sides.Length <= 2 && ReadFields(sides[0]) is { } key && !key.Contains(Field.Verdict)
            ? sides.Length == 1 ? new SetForm(key, []) : ReadFields(sides[1]) is { } value ? new SetForm(key, value) : null
            : null;
    }

    /// <summary>Writes the key of an element as an attribute. False: it is none that could be written so.</summary>
    public bool TryWriteKey(NetlinkWriter writer, int type, string text) => TryWrite(writer, type, text, _key);

    /// <summary>Writes the value of an element as an attribute. False: it is none that could be written so.</summary>
    public bool TryWriteValue(NetlinkWriter writer, int type, string text) =>
        _value is [Field.Verdict] ? TryWriteVerdict(writer, type, text) : TryWrite(writer, type, text, _value);

    private static Field[]? ReadFields(string text)
    {
        var words = text.Split(" . ");
        var fields = new Field[words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            if (ReadField(words[i].Trim()) is not { } field)
            {
                return null;
            }

            fields[i] = field;
        }

        return fields;
    }

    private static Field? ReadField(string word) => word switch
    {
        "ipv4_addr" or "ip daddr" or "ip saddr" => Field.AddressV4,
        "ipv6_addr" or "ip6 daddr" or "ip6 saddr" => Field.AddressV6,
        "inet_proto" or "meta l4proto" => Field.Protocol,
        "inet_service" or "th dport" => Field.Port,
        "verdict" => Field.Verdict,
        _ when word.StartsWith("numgen ", StringComparison.Ordinal) => Field.Number,
        _ => null,
    };

    private static bool TryWrite(NetlinkWriter writer, int type, string text, Field[] fields)
    {
        var words = text.Split(" . ");
        Span<byte> bytes = stackalloc byte[LongestElement];
        bytes.Clear();
        var length = 0;
        for (var i = 0; i < words.Length; i++)
        {
            if (words.Length != fields.Length || !TryWrite(bytes[length..], words[i], fields[i], out var count))
            {
                return false;
            }

            length += fields.Length > 1 ? NetlinkWriter.Align(count) : count;
        }

        var nested = writer.BeginNested(type);
        writer.Attribute(DataValue, bytes[..length]);
        writer.EndNested(nested);
        return true;
    }

    private static bool TryWrite(Span<byte> bytes, string word, Field field, out int count)
    {
        count = 0;
        switch (field)
        {
            case Field.AddressV4 or Field.AddressV6:
                var family = field == Field.AddressV4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
                return IPAddress.TryParse(word, out var address) && address.AddressFamily == family
                    && address.TryWriteBytes(bytes, out count);
            case Field.Protocol:
                count = 1;
                bytes[0] = word switch { "tcp" => 6, "udp" => 17, "sctp" => 132, _ => 0 };
                return bytes[0] != 0;
            case Field.Port:
                count = sizeof(ushort);
                return ushort.TryParse(word, out var port) && BinaryPrimitives.TryWriteUInt16BigEndian(bytes, port);
            case Field.Number:
                // What numgen gives is in the machine's byte order.
                count = sizeof(uint);
                return uint.TryParse(word, out var number) && BinaryPrimitives.TryWriteUInt32LittleEndian(bytes, number);
            default:
                return false;
        }
    }

    private static bool TryWriteVerdict(NetlinkWriter writer, int type, string text)
    {
        var (word, chain) = text.Split(' ') is [var first, var second] ? (first, second) : (text, "");
        int? code = (word, chain.Length > 0) switch
        {
            ("drop", false) => 0,
            ("accept", false) => 1,
            ("jump", true) => -3,
            ("goto", true) => -4,
            ("return", false) => -5,
            _ => null,
        };
        if (code is not { } number)
        {
            return false;
        }

        var nested = writer.BeginNested(type);
        var verdict = writer.BeginNested(DataVerdict);
        writer.Attribute(VerdictCode, number);
        if (chain.Length > 0)
        {
            writer.Attribute(VerdictChain, chain);
        }

        writer.EndNested(verdict);
        writer.EndNested(nested);
        return true;
    }
}
