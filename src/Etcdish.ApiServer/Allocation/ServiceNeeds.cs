using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Allocation;

/// <summary>Which things that are given out a service needs, and which it has.</summary>
internal static class ServiceNeeds
{
    public static bool NeedsAddress(JsonObject spec) => spec.Text("type") != "ExternalName" && !IsHeadless(spec);

    public static bool IsHeadless(JsonObject spec) =>
        spec.Text("clusterIP") == "None" || spec.Items("clusterIPs").Any(ip => ip?.ToString() == "None");

    public static bool NeedsPorts(JsonObject spec) => spec.Text("type") switch
    {
        "NodePort" => true,
        "LoadBalancer" =>
            spec["allocateLoadBalancerNodePorts"] is not JsonValue flag || !flag.TryGetValue<bool>(out var allocates) || allocates,
        _ => false,
    };

    public static bool MayHavePorts(JsonObject spec) => spec.Text("type") is "NodePort" or "LoadBalancer";

    public static bool NeedsHealthPort(JsonObject spec) =>
        spec.Text("type") == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";

    /// <summary>The cluster's addresses that a service has.</summary>
    public static string[] Addresses(JsonObject? service)
    {
        var spec = service.Part("spec");
        return spec is null || !NeedsAddress(spec)
            ? []
            : [.. spec.Items("clusterIPs").Select(ip => ip!.ToString()).Where(ip => ip.Length > 0)];
    }

    /// <summary>The ports of nodes that a service has.</summary>
    public static HashSet<long> Ports(JsonObject? service)
    {
        var spec = service.Part("spec");
        var ports = new HashSet<long>();
        foreach (var port in spec.Items("ports").OfType<JsonObject>())
        {
            ports.Add(port.Number("nodePort") ?? 0);
        }

        ports.Add(spec.Number("healthCheckNodePort") ?? 0);
        ports.Remove(0);
        return ports;
    }
}
