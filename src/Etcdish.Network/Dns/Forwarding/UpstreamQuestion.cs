using System.Buffers.Binary;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Forwarding;

/// <summary>
/// A question to name servers outside, as bytes: the name in lower case, then the type. It is the key of what is known of it, and all of a
/// query but its frame.
/// </summary>
internal static class UpstreamQuestion
{
    /// <summary>The most bytes that one has.</summary>
    public const int MaxBytes = WireName.MaxBytes + 2;

    /// <summary>Puts one together.</summary>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> question, ReadOnlySpan<byte> name, RecordType type)
    {
        name.CopyTo(question);
        BinaryPrimitives.WriteUInt16BigEndian(question[name.Length..], (ushort)type);
        return name.Length + 2;
    }

    /// <summary>The query that asks it.</summary>
    public static byte[] ToQuery(byte[] question, ushort id, bool withEdns)
    {
        var length = DnsHeader.Bytes + question.Length + 2;
        var query = new byte[length + (withEdns ? MessageWriter.EdnsBytes : 0)];
        var writer = new MessageWriter(query, withEdns);
        writer.CopyQuestion([.. question, 0, (byte)DnsQuestion.Internet]);
        if (withEdns)
        {
            writer.WriteEdns(0);
        }

        writer.Finish(id, DnsHeader.RecursionDesired);
        return query;
    }

    /// <summary>Whether a message is the answer to a query: the same id and the same question. Anything else came from somebody else.</summary>
    public static bool IsAnswered(ReadOnlySpan<byte> query, ReadOnlySpan<byte> message)
    {
        if (message.Length < DnsHeader.Bytes)
        {
            return false;
        }

        var (asked, said) = (DnsHeader.Read(query), DnsHeader.Read(message));
        if (said.Id != asked.Id || (said.Flags & (DnsHeader.IsResponse | DnsHeader.OpcodeMask)) != DnsHeader.IsResponse || said.Questions != 1)
        {
            return false;
        }

        Span<byte> askedName = stackalloc byte[WireName.MaxBytes];
        Span<byte> saidName = stackalloc byte[WireName.MaxBytes];
        var ours = new MessageReader(query);
        var theirs = new MessageReader(message);
        if (!ours.TryReadQuestion(askedName, out var question) || !theirs.TryReadQuestion(saidName, out var repeated) || question != repeated)
        {
            return false;
        }

        WireName.Lower(saidName[..repeated.NameLength]);
        return saidName[..repeated.NameLength].SequenceEqual(askedName[..question.NameLength]);
    }
}
