namespace Etcdish.Network.Dns.Messages;

/// <summary>What a client asks, but for the name.</summary>
internal readonly record struct DnsQuery
{
    /// <summary>The largest datagram that is sent or asked for: what passes every link in use without fragments.</summary>
    public const int MaxDatagram = 1232;

    /// <summary>The largest datagram for a client that does not say what it takes (RFC 1035 §4.2.1).</summary>
    public const int PlainDatagram = 512;

    /// <summary>The number by which the client knows the answer.</summary>
    public ushort Id { get; init; }

    /// <summary>The flags of its header.</summary>
    public ushort Flags { get; init; }

    /// <summary>The question.</summary>
    public DnsQuestion Question { get; init; }

    /// <summary>Where the question ends in the message; 0: none could be read.</summary>
    public int QuestionEnd { get; init; }

    /// <summary>Whether the client speaks EDNS.</summary>
    public bool HasEdns { get; init; }

    /// <summary>The largest datagram that the client takes.</summary>
    public int Datagram { get; init; }

    /// <summary>Reads a query.</summary>
    /// <param name="message">A message of a stranger.</param>
    /// <param name="name">Gets the name in lower case; at least <see cref="WireName.MaxBytes"/>.</param>
    /// <param name="query">The query, as far as it could be read.</param>
    public static QueryFault Read(ReadOnlySpan<byte> message, Span<byte> name, out DnsQuery query)
    {
        query = default;
        if (message.Length < DnsHeader.Bytes)
        {
            return QueryFault.NotAQuery;
        }

        var header = DnsHeader.Read(message);
        if ((header.Flags & DnsHeader.IsResponse) != 0)
        {
            return QueryFault.NotAQuery;
        }

        query = new DnsQuery { Id = header.Id, Flags = header.Flags, Datagram = PlainDatagram };
        if ((header.Flags & DnsHeader.OpcodeMask) != 0)
        {
            return QueryFault.OtherOperation;
        }

        var reader = new MessageReader(message);
        if (header.Questions != 1 || !reader.TryReadQuestion(name, out var question))
        {
            return QueryFault.Malformed;
        }

        WireName.Lower(name[..question.NameLength]);
        query = query with { Question = question, QuestionEnd = reader.Offset };
        return ReadRecords(ref reader, header.Answers + header.Authorities + header.Additionals, ref query);
    }

    private static QueryFault ReadRecords(ref MessageReader reader, int records, ref DnsQuery query)
    {
        Span<byte> owner = stackalloc byte[WireName.MaxBytes];
        var version = 0u;
        for (; records > 0; records--)
        {
            if (!reader.TryReadRecord(owner, out var record))
            {
                return QueryFault.Malformed;
            }

            if (record.Type == RecordType.Opt)
            {
                if (query.HasEdns || record.NameLength != 1)
                {
                    return QueryFault.Malformed;
                }

                query = query with { HasEdns = true, Datagram = Math.Clamp((int)record.Class, PlainDatagram, MaxDatagram) };
                version = (record.Ttl >> 16) & 0xFF;
            }
        }

        return version == 0 ? QueryFault.None : QueryFault.OtherVersion;
    }
}

/// <summary>What is wrong with a query.</summary>
internal enum QueryFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It is no query at all; whoever answered could be kept busy with answers to answers.</summary>
    NotAQuery,

    /// <summary>It cannot be read.</summary>
    Malformed,

    /// <summary>It asks for another operation than a query.</summary>
    OtherOperation,

    /// <summary>It speaks a later version of EDNS.</summary>
    OtherVersion,
}
