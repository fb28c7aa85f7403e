using Etcdish.Network.Dns.Forwarding;
using Etcdish.Network.Dns.Messages;
using Etcdish.Network.Dns.Zones;

namespace Etcdish.Network.Dns.Serving;

/// <summary>
/// Makes the answer to a query: from the zone, from what is known of the world outside, or by saying what must be asked there first. It does
/// no I/O, and answers from the zone without an allocation. For use by many threads.
/// </summary>
internal sealed class Responder(Zone zone, Forwarder forwarder, TimeProvider clock, bool withPodNames, Action<string> warn)
{
    /// <summary>Instead of a length: name servers outside must be asked.</summary>
    public const int NeedsUpstream = -1;

    private const int MaxAliases = 8;
    private const int CopiedFlags = DnsHeader.OpcodeMask | DnsHeader.RecursionDesired | DnsHeader.CheckingDisabled;

    /// <summary>Answers a query.</summary>
    /// <param name="message">What came.</param>
    /// <param name="reply">Gets the answer; at least <see cref="DnsQuery.MaxDatagram"/>.</param>
    /// <param name="isStream">Whether the answer may fill <paramref name="reply"/>, whatever the client says.</param>
    /// <param name="known">What name servers outside said to <paramref name="question"/>, when it had to be asked.</param>
    /// <param name="question">What must be asked first, if the result says so.</param>
    /// <returns>The length of the answer; 0: there is none; <see cref="NeedsUpstream"/>.</returns>
    public int Answer(ReadOnlySpan<byte> message, Span<byte> reply, bool isStream, CachedAnswer? known, out byte[]? question)
    {
        try
        {
            return AnswerOrFail(message, reply, isStream, known, out question);
        }
#pragma warning disable CA1031 // A defect costs this query only, and is told: anybody may send anything.
        catch (Exception e)
        {
            warn($"cluster-dns: {Convert.ToHexString(message)}: a defect: {e}");
            question = null;
            return 0;
        }
#pragma warning restore CA1031
    }

    private int AnswerOrFail(ReadOnlySpan<byte> message, Span<byte> reply, bool isStream, CachedAnswer? known, out byte[]? question)
    {
        question = null;
        Span<byte> name = stackalloc byte[WireName.MaxBytes];
        var fault = DnsQuery.Read(message, name, out var query);
        if (fault == QueryFault.NotAQuery)
        {
            return 0;
        }

        var writer = new MessageWriter(isStream ? reply : reply[..query.Datagram], query.HasEdns);
        if (query.QuestionEnd > 0)
        {
            writer.CopyQuestion(message[DnsHeader.Bytes..query.QuestionEnd]);
        }

        var verdict = fault == QueryFault.None
            ? Resolve(ref writer, name[..query.Question.NameLength], query, known, out question)
            : new Verdict(CodeOf(fault));
        return question is null ? Finish(ref writer, query, verdict) : NeedsUpstream;
    }

    private int Finish(ref MessageWriter writer, in DnsQuery query, Verdict verdict)
    {
        var flags = DnsHeader.IsResponse | (query.Flags & CopiedFlags) | ((int)verdict.Code & DnsHeader.CodeMask)
            | (verdict.IsAuthoritative ? DnsHeader.IsAuthoritative : 0)
            | (verdict.IsCutOff ? DnsHeader.IsTruncated : 0)
            | (forwarder.HasServers ? DnsHeader.RecursionAvailable : 0);
        if (query.HasEdns)
        {
            writer.WriteEdns((int)verdict.Code >> 4);
        }

        return writer.Finish(query.Id, flags);
    }

    private static ResponseCode CodeOf(QueryFault fault) => fault switch
    {
        QueryFault.OtherOperation => ResponseCode.NotImplemented,
        QueryFault.OtherVersion => ResponseCode.BadVersion,
        _ => ResponseCode.FormatError,
    };

    private Verdict Resolve(
        ref MessageWriter writer, scoped ReadOnlySpan<byte> name, in DnsQuery query, CachedAnswer? known, out byte[]? question)
    {
        question = null;
        if (query.Question is not { Class: DnsQuestion.Internet or DnsQuestion.AnyClass, Type: not (RecordType.Axfr or RecordType.Ixfr) })
        {
            return new Verdict(ResponseCode.Refused);
        }

        if (zone.Contains(name))
        {
            return zone.IsComplete
                ? FromZone(ref writer, name, query, known, out question)
                : new Verdict(ResponseCode.ServerFailure);
        }

        if (Zone.IsReverse(name))
        {
            if (!zone.IsComplete)
            {
                return new Verdict(ResponseCode.ServerFailure);
            }

            if (zone.Find(name) is { } node)
            {
                return FromNode(ref writer, name, node, query, name);
            }
        }

        return FromUpstream(ref writer, name, query, known, out question);
    }

    private Verdict FromZone(
        ref MessageWriter writer, scoped ReadOnlySpan<byte> name, in DnsQuery query, CachedAnswer? known, out byte[]? question)
    {
        question = null;
        for (var aliases = 0; aliases <= MaxAliases; aliases++)
        {
            if (zone.Find(name) is not { } node)
            {
                return FromPod(ref writer, name, query);
            }

            if (node.Alias is not { } target || query.Question.Type is RecordType.Cname or RecordType.Any)
            {
                return FromNode(ref writer, name, node, query, zone.Apex);
            }

            if (!writer.TryAdd(Section.Answer, name, RecordType.Cname, Zone.Ttl, target))
            {
                return new Verdict(ResponseCode.NoError, IsAuthoritative: true, IsCutOff: true);
            }

            if (!zone.Contains(target))
            {
                return FromUpstream(ref writer, target, query, known, out question) with { IsAuthoritative = true };
            }

            name = target;
        }

        // Names that stand for each other without end.
        return new Verdict(ResponseCode.ServerFailure);
    }

    /// <param name="writer">The answer.</param>
    /// <param name="name">A name.</param>
    /// <param name="node">What is there.</param>
    /// <param name="query">What is asked.</param>
    /// <param name="apex">The zone that denies the rest.</param>
    private Verdict FromNode(
        ref MessageWriter writer, scoped ReadOnlySpan<byte> name, ZoneNode node, in DnsQuery query, scoped ReadOnlySpan<byte> apex)
    {
        var type = query.Question.Type;
        if (type == RecordType.Soa && name.SequenceEqual(zone.Apex))
        {
            return Cut(writer.TryAdd(Section.Answer, name, RecordType.Soa, Zone.Ttl, zone.Authority));
        }

        // Who asks for everything gets something (RFC 8482 §4.1).
        var set = type != RecordType.Any ? node.Find(type) : node.Sets.Length > 0 ? node.Sets[0] : null;
        if (set is null)
        {
            return Deny(ref writer, ResponseCode.NoError, apex);
        }

        // Clients take the first address: each is it in turn.
        var count = set.Data.Length;
        var first = set.Type is RecordType.A or RecordType.Aaaa ? query.Id % count : 0;
        for (var i = 0; i < count; i++)
        {
            if (!writer.TryAdd(Section.Answer, name, set.Type, Zone.Ttl, set.Data[(first + i) % count]))
            {
                return Cut(fits: false);
            }
        }

        if (set.Type == RecordType.Srv)
        {
            AddAddresses(ref writer, set);
        }

        return Cut(fits: true);
    }

    /// <summary>The addresses of where services are, as far as there is room: they are not asked for.</summary>
    private void AddAddresses(ref MessageWriter writer, RecordSet services)
    {
        byte[]? last = null;
        foreach (var service in services.Data)
        {
            var target = service.AsSpan(RecordShape.Of(RecordType.Srv).Before);
            if (last.AsSpan().EndsWith(target) || zone.Find(target) is not { } node)
            {
                continue;
            }

            last = service;
            foreach (var set in node.Sets)
            {
                foreach (var address in set.Type is RecordType.A or RecordType.Aaaa ? set.Data : [])
                {
                    if (!writer.TryAdd(Section.Additional, target, set.Type, Zone.Ttl, address))
                    {
                        return;
                    }
                }
            }
        }
    }

    /// <summary>The address that a name says itself, or that there is no such name.</summary>
    private Verdict FromPod(ref MessageWriter writer, scoped ReadOnlySpan<byte> name, in DnsQuery query)
    {
        var isPod = withPodNames && WireName.IsWithin(name, zone.Pods) && name.Length > zone.Pods.Length
            && WireName.Parent(name) is { } above && above.Length > zone.Pods.Length
            && WireName.Parent(above).SequenceEqual(zone.Pods) && zone.Find(above) is not null;
        if (!isPod || PodName.Read(name.Slice(1, name[0])) is not { } address)
        {
            return Deny(ref writer, ResponseCode.NameError, zone.Apex);
        }

        var record = Zone.AddressRecord([], address);
        return query.Question.Type == record.Type || query.Question.Type == RecordType.Any
            ? Cut(writer.TryAdd(Section.Answer, name, record.Type, Zone.Ttl, record.Data))
            : Deny(ref writer, ResponseCode.NoError, zone.Apex);
    }

    private Verdict FromUpstream(
        ref MessageWriter writer, scoped ReadOnlySpan<byte> name, in DnsQuery query, CachedAnswer? known, out byte[]? question)
    {
        question = null;
        if (!forwarder.HasServers)
        {
            // An alias is an answer of its own, even if nobody knows what is behind it.
            return new Verdict(writer.HasAnswers ? ResponseCode.NoError : ResponseCode.Refused);
        }

        Span<byte> key = stackalloc byte[UpstreamQuestion.MaxBytes];
        key = key[..UpstreamQuestion.Write(key, name, query.Question.Type)];
        if ((known ?? forwarder.Find(key)) is not { } answer)
        {
            question = key.ToArray();
            return default;
        }

        return new Verdict(answer.Code, IsCutOff: !answer.TryWrite(ref writer, clock));
    }

    /// <summary>There is no such name or no such record, and for how long that may be believed (RFC 2308).</summary>
    private Verdict Deny(ref MessageWriter writer, ResponseCode code, scoped ReadOnlySpan<byte> apex)
    {
        writer.TryAdd(Section.Authority, apex, RecordType.Soa, Zone.Ttl, zone.Authority);
        return new Verdict(code, IsAuthoritative: true);
    }

    private static Verdict Cut(bool fits) => new(ResponseCode.NoError, IsAuthoritative: true, IsCutOff: !fits);

    private readonly record struct Verdict(ResponseCode Code, bool IsAuthoritative = false, bool IsCutOff = false);
}
