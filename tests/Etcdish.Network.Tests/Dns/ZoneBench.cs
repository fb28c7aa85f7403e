using System.Net;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Dns.Forwarding;
using Etcdish.Network.Dns.Messages;
using Etcdish.Network.Dns.Serving;
using Etcdish.Network.Dns.Zones;

namespace Etcdish.Network.Tests.Dns;

/// <summary>A zone with services, and what it answers.</summary>
internal sealed class ZoneBench
{
    public ZoneBench()
    {
        Responder = new Responder(Zone, Forwarder, TimeProvider.System, withPodNames: true, Fail);
        Zone.IsComplete = true;
    }

    public Zone Zone { get; } = new("cluster.local", IPAddress.Parse("10.96.0.10"), firstSerial: 1);

    public Responder Responder { get; }

    /// <summary>One that has nobody to ask.</summary>
    public Forwarder Forwarder { get; } = new([], TimeProvider.System, new ForwarderLimits(), Fail);

    /// <summary>Puts a service.</summary>
    public void Put(Service service, params EndpointSlice[] slices) =>
        Zone.Replace(service.Key.ToString(), ServiceNames.Of(service, slices, Zone));

    public static Service Service(string name, string[] addresses, params (string Name, string Protocol, int Port)[] ports) => new()
    {
        Metadata = new ObjectMetadata { Namespace = "default", Name = name },
        Spec = new ServiceSpec
        {
            Type = "ClusterIP",
            ClusterIp = addresses[0],
            ClusterIps = addresses,
            Ports = [.. ports.Select(port => new ServicePort { Name = port.Name, Protocol = port.Protocol, Port = port.Port })],
        },
    };

    public static Service Alias(string name, string target) => new()
    {
        Metadata = new ObjectMetadata { Namespace = "default", Name = name },
        Spec = new ServiceSpec { Type = "ExternalName", ExternalName = target },
    };

    /// <summary>A slice of endpoints <c>address[/hostname][!]</c>, of which those with a mark are not ready.</summary>
    public static EndpointSlice Slice(string port, int number, params string[] endpoints) => new()
    {
        AddressType = endpoints.Any(e => e.Contains(':')) ? "IPv6" : "IPv4",
        Ports = [new EndpointPort { Name = port, Port = number }],
        Endpoints = [.. endpoints.Select(text => text.TrimEnd('!').Split('/')).Zip(endpoints, (parts, text) => new Endpoint
        {
            Addresses = [parts[0]],
            Hostname = parts.Length > 1 ? parts[1] : "",
            Conditions = new EndpointConditions { Ready = !text.EndsWith('!') },
        })],
    };

    /// <summary>What is answered to a question, as text.</summary>
    public string Ask(string name, RecordType type, ushort id = 0, int datagram = 1232) =>
        Messages.Text(Send(Messages.Query(name, type, id, datagram)));

    /// <summary>Nothing is to be warned of.</summary>
    public static void Fail(string warning) => Assert.Fail(warning);

    public byte[] Send(byte[] query)
    {
        var reply = new byte[DnsQuery.MaxDatagram];
        var length = Responder.Answer(query, reply, isStream: false, known: null, out var question);
        Assert.That(question, Is.Null);
        return reply[..length];
    }
}
