using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Dns;

/// <summary>
/// Keeps the service by which pods reach the name server, <c>kube-system/kube-dns</c>, and the slice that says where this node's one is.
/// The service has no selector, and so nobody else says where it leads.
/// </summary>
internal sealed class DnsService : Controller
{
    public const string Namespace = "kube-system";
    public const string ServiceName = "kube-dns";
    private static readonly ObjectKey _key = new(Namespace, ServiceName);
    private static readonly (string Name, string Protocol)[] _ports = [("dns", "UDP"), ("dns-tcp", "TCP")];

    private readonly string _serviceAddress;
    private readonly string _nodeName;
    private readonly string _sliceName;
    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;

    public DnsService(ControllerContext context, IPAddress serviceAddress, string nodeName)
        : base("cluster-dns-service", context)
    {
        _serviceAddress = serviceAddress.ToString();
        _nodeName = nodeName;
        _sliceName = nodeName.Length > 0 ? $"{ServiceName}-{nodeName}" : $"{ServiceName}-etcdish";
        _services = context.Informers.Of(Resources.Services);
        _slices = context.Informers.Of(Resources.EndpointSlices);
        var slice = new ObjectKey(Namespace, _sliceName);
        _services.Subscribe((before, now) => LookIf((now ?? before)!.Key == _key));
        _slices.Subscribe((before, now) => LookIf((now ?? before)!.Key == slice));
    }

    /// <summary>Where this node's name server listens, as pods reach it; to be set before it runs.</summary>
    public IPEndPoint Target { get; set; } = new(IPAddress.None, 0);

    protected override Task RunInBackgroundAsync(CancellationToken cancellation)
    {
        Queue.Add(_key);
        return Task.CompletedTask;
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        try
        {
            await KeepAsync(cancellation);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            // Another node was faster, or this one a moment ago: what tells of it leads here again.
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

        await KeepSliceAsync(service, cancellation);
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

    private async Task KeepSliceAsync(Service service, CancellationToken cancellation)
    {
        var slice = _slices.Find(Namespace, _sliceName);
        if (slice is not null && slice.AddressType != AddressType)
        {
            var options = new DeleteOptions { Uid = slice.Metadata.Uid };
            await Context.Client.DeleteAsync(Resources.EndpointSlices, Namespace, _sliceName, options, cancellation);
        }
        else if (slice is null)
        {
            await Context.Client.CreateAsync(Resources.EndpointSlices, Namespace, MakeSlice(service), cancellation);
        }
        else if (!IsAsWanted(slice, service))
        {
            var patch = MakeSlice(service);
            patch["metadata"]!["resourceVersion"] = slice.Metadata.ResourceVersion;
            await Context.Client.PatchAsync(
                Resources.EndpointSlices, Namespace, _sliceName, patch, PatchKind.Merge, "", cancellation);
        }
    }

    private string AddressType => Target.AddressFamily == AddressFamily.InterNetwork ? "IPv4" : "IPv6";

    private bool IsAsWanted(EndpointSlice slice, Service service) =>
        SliceLabels().All(label => slice.Metadata.Labels.GetValueOrDefault(label.Key) == label.Value!.GetValue<string>())
        && slice.Metadata.OwnerReferences is [{ } owner] && owner.Uid == service.Metadata.Uid
        && slice.Endpoints is [{ Addresses: [var address], Conditions.Ready: true } endpoint]
        && address == Target.Address.ToString() && endpoint.NodeName == _nodeName
        && slice.Ports.Select(port => (port.Name, port.Protocol, port.Port)).SequenceEqual(
            _ports.Select(port => (port.Name, port.Protocol, (int?)Target.Port)));

    private JsonObject MakeSlice(Service service)
    {
        var endpoint = new JsonObject
        {
            ["addresses"] = new JsonArray(Target.Address.ToString()),
            ["conditions"] = new JsonObject { ["ready"] = true, ["serving"] = true, ["terminating"] = false },
        };
        if (_nodeName.Length > 0)
        {
            endpoint["nodeName"] = _nodeName;
        }

        return new JsonObject
        {
            ["apiVersion"] = Resources.EndpointSlices.ApiVersion,
            ["kind"] = Resources.EndpointSlices.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = _sliceName,
                ["labels"] = SliceLabels(),
                ["ownerReferences"] = new JsonArray(OwnerReference.ToController(Resources.Services, service)),
            },
            ["addressType"] = AddressType,
            ["endpoints"] = new JsonArray(endpoint),
            ["ports"] = new JsonArray([.. _ports.Select(port => new JsonObject
            {
                ["name"] = port.Name,
                ["protocol"] = port.Protocol,
                ["port"] = Target.Port,
            })]),
        };
    }

    private static JsonObject SliceLabels() => new()
    {
        ["kubernetes.io/service-name"] = ServiceName,
        ["endpointslice.kubernetes.io/managed-by"] = "etcdish",
    };
}
