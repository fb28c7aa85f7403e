using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Dns;

/// <summary>
/// Keeps the service by which pods reach the cluster's name servers, <c>kube-system/kube-dns</c>, and says where those are that nodes announce:
/// a slice for each. Pods ask the name server of their own node, and those of others only where there is none. One that ends, or whose node
/// has gone silent, is asked by nobody. One program of the cluster does this.
/// </summary>
public sealed class DnsService : Controller
{
    internal const string Namespace = "kube-system";
    internal const string ServiceName = "kube-dns";
    private const string Manager = "etcdish";
    private static readonly ObjectKey _key = new(Namespace, ServiceName);
    private static readonly (string Name, string Protocol)[] _ports = [("dns", "UDP"), ("dns-tcp", "TCP")];

    private readonly string _serviceAddress;
    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;
    private readonly Informer<Node> _nodes;

    /// <summary>Makes one; it asks for its informers.</summary>
    /// <param name="context">What all programs on the cluster share.</param>
    /// <param name="serviceAddress">The address of the service, by custom the tenth of the services' network.</param>
    public DnsService(ControllerContext context, IPAddress serviceAddress)
        : base("cluster-dns-service", context)
    {
        _serviceAddress = serviceAddress.ToString();
        _services = context.Informers.Of(Resources.Services);
        _slices = context.Informers.Of(Resources.EndpointSlices);
        _nodes = context.Informers.Of(Resources.Nodes);
        _services.Subscribe((before, now) => LookIf((now ?? before)!.Key == _key));
        _slices.Subscribe((before, now) => LookIf(MayBeOurs((now ?? before)!)));
        _nodes.Subscribe((before, now) => LookIf(NameServer.Of(before) != NameServer.Of(now)));
    }

    /// <summary>Starts the informers, and works until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await Context.Informers.StartAsync(cancellation);
        await RunAsync(1, cancellation);
    }

    /// <inheritdoc/>
    protected override Task RunInBackgroundAsync(CancellationToken cancellation)
    {
        Queue.Add(_key);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        try
        {
            await KeepAsync(cancellation);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            // Another was faster, or this one a moment ago: what tells of it leads here again.
        }
    }

    private async Task KeepAsync(CancellationToken cancellation)
    {
        var service = _services.Find(_key);
        if (service is null)
        {
            service = await Context.Client.CreateAsync(Resources.Services, Namespace, MakeService(), cancellation);
        }
        else if (service.Metadata.IsBeingDeleted)
        {
            return;
        }
        else if (service.Spec.ClusterIp != _serviceAddress)
        {
            // Its address cannot be changed. What tells of its end leads to a new one.
            var options = new DeleteOptions { Uid = service.Metadata.Uid };
            await Context.Client.DeleteAsync(Resources.Services, Namespace, ServiceName, options, cancellation);
            return;
        }
        else if (!IsAsWanted(service))
        {
            service = await Context.Client.PatchAsync(
                Resources.Services, Namespace, ServiceName, Repair(service), PatchKind.Merge, "", cancellation);
        }

        await KeepSlicesAsync(service, cancellation);
    }

    private void LookIf(bool isOurs)
    {
        if (isOurs)
        {
            Queue.Add(_key);
        }
    }

    private static bool IsAsWanted(Service service) =>
        service.Spec.Selector.Count == 0
        && Labels().All(label => service.Metadata.Labels.GetValueOrDefault(label.Key) == label.Value!.GetValue<string>())
        && service.Spec.Ports.Select(port => (port.Name, port.Protocol, port.Port)).SequenceEqual(
            _ports.Select(port => (port.Name, port.Protocol, Forwarding.ResolvConf.DnsPort)));

    private static JsonObject Repair(Service service) => new()
    {
        ["metadata"] = new JsonObject { ["resourceVersion"] = service.Metadata.ResourceVersion, ["labels"] = Labels() },
        ["spec"] = new JsonObject { ["selector"] = null, ["ports"] = ServicePorts() },
    };

    private JsonObject MakeService() => new()
    {
        ["apiVersion"] = Resources.Services.ApiVersion,
        ["kind"] = Resources.Services.Kind,
        ["metadata"] = new JsonObject { ["name"] = ServiceName, ["labels"] = Labels() },
        ["spec"] = new JsonObject { ["clusterIP"] = _serviceAddress, ["ports"] = ServicePorts() },
    };

    private static JsonObject Labels() => new()
    {
        ["k8s-app"] = "kube-dns",
        ["kubernetes.io/cluster-service"] = "true",
        ["kubernetes.io/name"] = "KubeDNS",
    };

    private static JsonArray ServicePorts() => new([.. _ports.Select(port => new JsonObject
    {
        ["name"] = port.Name,
        ["protocol"] = port.Protocol,
        ["port"] = Forwarding.ResolvConf.DnsPort,
        ["targetPort"] = Forwarding.ResolvConf.DnsPort,
    })]);

    private async Task KeepSlicesAsync(Service service, CancellationToken cancellation)
    {
        NameServer[] servers = [.. _nodes.All.Select(NameServer.Of).OfType<NameServer>()];
        foreach (var left in _slices.All.Where(slice => IsOurs(slice) && !Array.Exists(servers, server => server.Fits(slice))))
        {
            var options = new DeleteOptions { Uid = left.Metadata.Uid };
            await Context.Client.DeleteAsync(Resources.EndpointSlices, Namespace, left.Metadata.Name, options, cancellation);
        }

        foreach (var server in servers)
        {
            await KeepSliceAsync(service, server, cancellation);
        }
    }

    private async Task KeepSliceAsync(Service service, NameServer server, CancellationToken cancellation)
    {
        var slice = _slices.Find(Namespace, server.SliceName);
        if (slice is null)
        {
            await Context.Client.CreateAsync(Resources.EndpointSlices, Namespace, MakeSlice(service, server), cancellation);
        }
        else if (slice.AddressType == server.AddressType && !IsAsWanted(slice, service, server))
        {
            var patch = MakeSlice(service, server);
            patch["metadata"]!["resourceVersion"] = slice.Metadata.ResourceVersion;
            await Context.Client.PatchAsync(
                Resources.EndpointSlices, Namespace, server.SliceName, patch, PatchKind.Merge, "", cancellation);
        }
    }

    // Also one that has lost its labels.
    private static bool MayBeOurs(EndpointSlice slice) => slice.Metadata.Namespace == Namespace
        && slice.Metadata.Name.StartsWith(NameServer.SlicePrefix, StringComparison.Ordinal);

    private static bool IsOurs(EndpointSlice slice) => slice.Metadata.Namespace == Namespace
        && SliceLabels().All(label => slice.Metadata.Labels.GetValueOrDefault(label.Key) == label.Value!.GetValue<string>());

    private static bool IsAsWanted(EndpointSlice slice, Service service, NameServer server) =>
        IsOurs(slice) && slice.Metadata.OwnerReferences is [{ } owner] && owner.Uid == service.Metadata.Uid
        && slice.Endpoints is [{ Addresses: [var address], Hints.ForNodes: [{ } near] } endpoint]
        && endpoint.Conditions.Ready == server.IsAlive && address == server.At.Address.ToString()
        && endpoint.NodeName == server.Node && near.Name == server.Node
        && slice.Ports.Select(port => (port.Name, port.Protocol, port.Port)).SequenceEqual(
            _ports.Select(port => (port.Name, port.Protocol, (int?)server.At.Port)));

    private static JsonObject MakeSlice(Service service, NameServer server) => new()
    {
        ["apiVersion"] = Resources.EndpointSlices.ApiVersion,
        ["kind"] = Resources.EndpointSlices.Kind,
        ["metadata"] = new JsonObject
        {
            ["name"] = server.SliceName,
            ["labels"] = SliceLabels(),
            ["ownerReferences"] = new JsonArray(OwnerReference.ToController(Resources.Services, service)),
        },
        ["addressType"] = server.AddressType,
        ["endpoints"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(server.At.Address.ToString()),
            ["conditions"] = new JsonObject { ["ready"] = server.IsAlive, ["serving"] = server.IsAlive, ["terminating"] = false },
            ["nodeName"] = server.Node,
            ["hints"] = new JsonObject { ["forNodes"] = new JsonArray(new JsonObject { ["name"] = server.Node }) },
        }),
        ["ports"] = new JsonArray([.. _ports.Select(port => new JsonObject
        {
            ["name"] = port.Name,
            ["protocol"] = port.Protocol,
            ["port"] = server.At.Port,
        })]),
    };

    private static JsonObject SliceLabels() => new()
    {
        ["kubernetes.io/service-name"] = ServiceName,
        ["endpointslice.kubernetes.io/managed-by"] = Manager,
    };

    /// <summary>A node's name server.</summary>
    private sealed record NameServer(string Node, IPEndPoint At, bool IsAlive)
    {
        public const string SlicePrefix = ServiceName + "-";

        public string SliceName => SlicePrefix + Node;

        public string AddressType => At.AddressFamily == AddressFamily.InterNetwork ? "IPv4" : "IPv6";

        // Unknown is what a node becomes of which nothing was heard for long; one that is not ready for pods may still serve.
        public static NameServer? Of(Node? node) => node is not null && DnsAnnouncement.Read(node) is { } at
            ? new NameServer(node.Metadata.Name, at, node.Status.Find("Ready")?.Status != "Unknown")
            : null;

        // The type of a slice's addresses cannot be changed.
        public bool Fits(EndpointSlice slice) => slice.Metadata.Name == SliceName && slice.AddressType == AddressType;
    }
}
