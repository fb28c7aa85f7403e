using System.CommandLine;
using System.Globalization;
using System.Net;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Dns.Forwarding;
using Etcdish.Network.Dns.Serving;
using Etcdish.Network.Dns.Zones;

namespace Etcdish.NetLoad;

/// <summary>The name server that <see cref="DnsLoad"/> asks: services of which every other one is headless, without an API server.</summary>
internal static class DnsLoadServer
{
    public static Command Command()
    {
        var services = new Argument<int>("services");
        var endpoints = new Argument<int>("endpoints");
        var outside = new Argument<int>("outside") { Description = "the port of a name server for names outside" };
        var command = new Command("dns-server", "the server of the command dns") { services, endpoints, outside };
        command.Hidden = true;
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(services), parsed.GetValue(endpoints), parsed.GetValue(outside), cancellation));
        return command;
    }

    /// <summary>The name of a service.</summary>
    public static string NameOf(int service) => $"service-{service}.namespace-{service % 100}.svc.cluster.local";

    private static async Task RunAsync(int services, int endpoints, int outside, CancellationToken cancellation)
    {
        var zone = new Zone("cluster.local", IPAddress.Parse("10.96.0.10"), firstSerial: 1);
        for (var i = 0; i < services; i++)
        {
            var (service, slice) = Make(i, endpoints);
            zone.Replace(service.Key.ToString(), ServiceNames.Of(service, [slice], zone));
        }

        zone.IsComplete = true;
        var upstream = new IPEndPoint(IPAddress.Loopback, outside);
        var forwarder = new Forwarder([upstream], TimeProvider.System, new ForwarderLimits(), Console.Error.WriteLine);
        var responder = new Responder(zone, forwarder, TimeProvider.System, withPodNames: true, Console.Error.WriteLine);
        using var server = DnsServer.Open([new IPEndPoint(IPAddress.Loopback, 0)]);
        Console.WriteLine(server.Listening[0].Port.ToString(CultureInfo.InvariantCulture));
        await server.RunAsync(responder, forwarder, TimeProvider.System, StreamLimits.Default, cancellation);
    }

    private static (Service, EndpointSlice) Make(int i, int endpoints) => (
        new Service
        {
            Metadata = new ObjectMetadata { Namespace = $"namespace-{i % 100}", Name = $"service-{i}" },
            Spec = new ServiceSpec
            {
                Type = "ClusterIP",
                ClusterIp = i % 2 == 0 ? $"10.96.{1 + (i / 250)}.{i % 250}" : "None",
                Ports = [new ServicePort { Name = "http", Port = 80 }],
            },
        },
        new EndpointSlice
        {
            AddressType = "IPv4",
            Ports = [new EndpointPort { Name = "http", Port = 8080 }],
            Endpoints = [.. Enumerable.Range(0, endpoints).Select(e => new Endpoint { Addresses = [$"10.{1 + e}.{i / 250}.{i % 250}"] })],
        });
}
