using System.Text;
using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>
/// Encoding of memberships for entries and checkpoints. Integers little endian, ids eight bytes, counts four; strings are UTF-8 behind a
/// seven-bit encoded length.
/// </summary>
/// <remarks>
/// <code>
/// Configuration   voters, outgoing, learners, learners to be, removed: each a count and ids
/// Member          id, name, peer URLs (count, strings), client URLs (count, strings)
/// </code>
/// </remarks>
internal static class MemberCodec
{
    private const int MaxCount = 1 << 16;

    /// <summary>Encodes by a writer in memory.</summary>
    public static byte[] Encode(Action<BinaryWriter> write)
    {
        using MemoryStream bytes = new();
        using (BinaryWriter writer = new(bytes, Encoding.UTF8))
        {
            write(writer);
        }

        return bytes.ToArray();
    }

    /// <summary>Decodes what must fill a payload exactly.</summary>
    /// <exception cref="InvalidDataException">It is not of this form: an impossible state behind a valid checksum.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> payload, string what, Func<BinaryReader, T> read)
    {
        using MemoryStream bytes = new(payload.ToArray());
        using BinaryReader reader = new(bytes, Encoding.UTF8);
        try
        {
            T value = read(reader);
            return bytes.Position == bytes.Length ? value : throw new InvalidDataException($"{what}: bytes are left over");
        }
        catch (Exception reason) when (reason is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"{what}: {reason.Message}", reason);
        }
    }

    public static void Write(BinaryWriter writer, Configuration configuration)
    {
        WriteIds(writer, configuration.Voters);
        WriteIds(writer, configuration.Outgoing);
        WriteIds(writer, configuration.Learners);
        WriteIds(writer, configuration.LearnersNext);
        WriteIds(writer, configuration.Removed);
    }

    public static Configuration ReadConfiguration(BinaryReader reader) =>
        new(ReadList(reader, ReadId), ReadList(reader, ReadId), ReadList(reader, ReadId), ReadList(reader, ReadId), ReadList(reader, ReadId));

    public static void Write(BinaryWriter writer, IReadOnlyCollection<MemberRecord> members)
    {
        writer.Write(members.Count);
        foreach (MemberRecord member in members)
        {
            writer.Write(member.Id);
            writer.Write(member.Name);
            Write(writer, member.PeerUrls);
            Write(writer, member.ClientUrls);
        }
    }

    public static IReadOnlyList<MemberRecord> ReadMembers(BinaryReader reader) =>
        ReadList(reader, static source => new MemberRecord(source.ReadUInt64(), source.ReadString(), ReadStrings(source), ReadStrings(source)));

    public static void Write(BinaryWriter writer, IReadOnlyList<string> strings)
    {
        writer.Write(strings.Count);
        foreach (string text in strings)
        {
            writer.Write(text);
        }
    }

    public static IReadOnlyList<string> ReadStrings(BinaryReader reader) => ReadList(reader, static source => source.ReadString());

    private static ulong ReadId(BinaryReader reader) => reader.ReadUInt64();

    private static void WriteIds(BinaryWriter writer, IReadOnlyCollection<ulong> ids)
    {
        writer.Write(ids.Count);
        foreach (ulong id in ids)
        {
            writer.Write(id);
        }
    }

    private static List<T> ReadList<T>(BinaryReader reader, Func<BinaryReader, T> read)
    {
        int count = reader.ReadInt32();
        if (count is < 0 or > MaxCount)
        {
            throw new FormatException($"a list of {count}");
        }

        List<T> list = [];
        for (int i = 0; i < count; i++)
        {
            list.Add(read(reader));
        }

        return list;
    }
}
