using System.Net;
using Etcdish.Fuzz.Inputs;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Dns.Forwarding;
using Etcdish.Network.Dns.Messages;
using Etcdish.Network.Dns.Serving;
using Etcdish.Network.Dns.Zones;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// DNS messages: of clients, whose answers must be whole messages with their id and question, and of name servers outside, whose records are
/// passed on or refused.
/// </summary>
internal sealed class DnsTarget : IFuzzTarget
{
    private static readonly string[] _names =
    [
        "web.default.svc.cluster.local", "db.default.svc.cluster.local", "_p._tcp.db.default.svc.cluster.local", "out.default.svc.cluster.local",
        "10-0-0-1.default.pod.cluster.local", "cluster.local", "1.0.0.10.in-addr.arpa", "example.com", ".", "a.a.a",
    ];

    private static readonly RecordType[] _types =
    [
        RecordType.A, RecordType.Aaaa, RecordType.Cname, RecordType.Srv, RecordType.Ptr, RecordType.Soa, RecordType.Mx, RecordType.Any,
    ];

    private readonly Responder _responder = MakeResponder();

    public string Name => "dns";

    public byte[] MakeInput(Random random) => InputMutator.MakeInput(random, random.Next(2) == 0 ? MakeQuery : MakeAnswer);

    public bool Accepts(byte[] input) =>
        input.Length >= DnsHeader.Bytes && (DnsHeader.Read(input).Flags & DnsHeader.IsResponse) != 0 ? AcceptsAnswer(input) : AcceptsQuery(input);

    private bool AcceptsQuery(byte[] input)
    {
        var reply = new byte[DnsQuery.MaxDatagram];
        var length = _responder.Answer(input, reply, isStream: false, known: null, out var question);
        if (length <= 0)
        {
            return length < 0 && question is not null;
        }

        var header = CheckWhole(reply.AsSpan(0, length));
        if (!reply.AsSpan(0, 2).SequenceEqual(input.AsSpan(0, 2)))
        {
            throw new ContractException("an answer has another id than its query");
        }

        var name = new byte[WireName.MaxBytes];
        DnsQuery.Read(input, name, out var query);
        if (header.Questions == 1
            && !reply.AsSpan(DnsHeader.Bytes..query.QuestionEnd).SequenceEqual(input.AsSpan(DnsHeader.Bytes..query.QuestionEnd)))
        {
            throw new ContractException("an answer has another question than its query");
        }

        return (ResponseCode)(header.Flags & DnsHeader.CodeMask) is not (ResponseCode.FormatError or ResponseCode.NotImplemented);
    }

    private static bool AcceptsAnswer(byte[] input)
    {
        if (CachedAnswer.Read(input, new ForwarderLimits(), TimeProvider.System.GetTimestamp()) is not { } answer)
        {
            return false;
        }

        var reply = new byte[DnsQuery.MaxDatagram];
        var writer = new MessageWriter(reply, withEdns: true);
        answer.TryWrite(ref writer, TimeProvider.System);
        writer.WriteEdns(0);
        CheckWhole(reply.AsSpan(0, writer.Finish(1, DnsHeader.IsResponse)));
        return true;
    }

    /// <summary>Whether a message of ours is one from its begin to its end.</summary>
    private static DnsHeader CheckWhole(ReadOnlySpan<byte> message)
    {
        var header = DnsHeader.Read(message);
        var reader = new MessageReader(message);
        Span<byte> name = stackalloc byte[WireName.MaxBytes];
        Span<byte> space = stackalloc byte[RecordShape.MaxBytes];
        var isWhole = header.Questions == 0 || reader.TryReadQuestion(name, out _);
        for (var left = header.Answers + header.Authorities + header.Additionals; isWhole && left > 0; left--)
        {
            isWhole = reader.TryReadRecord(name, out var record) && reader.TryExpand(record, space, out _);
        }

        return isWhole && reader.Offset == message.Length ? header : throw new ContractException("an answer cannot be read");
    }

    private static byte[] MakeQuery(Random random) => UpstreamQuestion.ToQuery(
        [.. WireName.Parse(Pick(random, _names)), 0, (byte)Pick(random, _types)], (ushort)random.Next(1 << 16), random.Next(2) == 0);

    private static byte[] MakeAnswer(Random random)
    {
        var buffer = new byte[DnsQuery.MaxDatagram];
        var writer = new MessageWriter(buffer, withEdns: true);
        writer.CopyQuestion([.. WireName.Parse(Pick(random, _names)), 0, (byte)Pick(random, _types), 0, 1]);
        for (var records = random.Next(5); records > 0; records--)
        {
            var type = Pick(random, _types);
            writer.TryAdd(Section.Answer, WireName.Parse(Pick(random, _names)), type, (uint)random.Next(1000), MakeData(random, type));
        }

        if (random.Next(2) == 0)
        {
            writer.TryAdd(Section.Authority, WireName.Parse(Pick(random, _names)), RecordType.Soa, 5, MakeData(random, RecordType.Soa));
        }

        writer.WriteEdns(0);
        return buffer[..writer.Finish((ushort)random.Next(1 << 16), DnsHeader.IsResponse)];
    }

    private static byte[] MakeData(Random random, RecordType type)
    {
        var shape = RecordShape.Of(type);
        var after = type switch { RecordType.Soa => 20, RecordType.A => 4, RecordType.Aaaa => 16, _ => 0 };
        List<byte> data = [.. new byte[shape.Before]];
        for (var i = 0; i < shape.Names; i++)
        {
            data.AddRange(WireName.Parse(Pick(random, _names)));
        }

        return [.. data, .. new byte[after]];
    }

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];

    private static Responder MakeResponder()
    {
        var zone = new Zone("cluster.local", IPAddress.Parse("10.96.0.10"), firstSerial: 1);
        zone.Replace("default", ServiceNames.OfNamespace("default", zone));
        Put(zone, "web", new ServiceSpec { Type = "ClusterIP", ClusterIp = "10.96.0.5" });
        Put(zone, "db", new ServiceSpec { Type = "ClusterIP", ClusterIp = "None" });
        Put(zone, "out", new ServiceSpec { Type = "ExternalName", ExternalName = "example.com" });
        zone.IsComplete = true;
        var outside = new IPEndPoint(IPAddress.Loopback, 53);
        var forwarder = new Forwarder([outside], TimeProvider.System, new ForwarderLimits(), Fail);
        return new Responder(zone, forwarder, TimeProvider.System, withPodNames: true, Fail);

        static void Fail(string warning) => throw new ContractException(warning);
    }

    private static void Put(Zone zone, string name, ServiceSpec spec)
    {
        var endpoints = Enumerable.Range(1, 50).Select(i => new Endpoint { Addresses = [$"10.0.0.{i}"], Hostname = i % 2 == 0 ? $"h{i}" : "" });
        var slice = new EndpointSlice { AddressType = "IPv4", Endpoints = [.. endpoints], Ports = [new EndpointPort { Name = "p", Port = 80 }] };
        var service = new Service { Metadata = new ObjectMetadata { Namespace = "default", Name = name }, Spec = spec };
        zone.Replace(service.Key.ToString(), ServiceNames.Of(service, [slice], zone));
    }
}
