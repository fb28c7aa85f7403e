using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Tests.Services;

/// <summary>Services and slices for tests, with what a test says of them.</summary>
internal static class ServiceSamples
{
    public static Service Web(Action<Service>? change = null)
    {
        var service = new Service
        {
            Metadata = new ObjectMetadata { Namespace = "shop", Name = "web" },
            Spec = new ServiceSpec
            {
                Type = "ClusterIP",
                ClusterIp = "10.96.0.7",
                ClusterIps = ["10.96.0.7"],
                Ports = [new ServicePort { Name = "http", Port = 80 }],
            },
        };
        change?.Invoke(service);
        return service;
    }

    public static EndpointSlice Slice(params Endpoint[] endpoints) => new()
    {
        Metadata = new ObjectMetadata { Namespace = "shop", Name = "web-1", Labels = new() { ["kubernetes.io/service-name"] = "web" } },
        AddressType = "IPv4",
        Ports = [new EndpointPort { Name = "http", Port = 8080 }],
        Endpoints = endpoints,
    };

    public static Endpoint At(string address, string state = "ready", string node = "", string zones = "", string nodes = "") => new()
    {
        Addresses = [address],
        NodeName = node,
        Conditions = state switch
        {
            "ready" => new EndpointConditions { Ready = true, Serving = true, Terminating = false },
            "unsaid" => new EndpointConditions(),
            "not ready" => new EndpointConditions { Ready = false, Serving = false, Terminating = false },
            "ending" => new EndpointConditions { Ready = false, Serving = true, Terminating = true },
            "ended" => new EndpointConditions { Ready = false, Serving = false, Terminating = true },
            _ => throw new ArgumentException(state),
        },
        Hints = zones.Length + nodes.Length == 0 ? null : new EndpointHints { ForZones = Names(zones), ForNodes = Names(nodes) },
    };

    private static EndpointHint[] Names(string names) =>
        [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => new EndpointHint { Name = name })];
}
