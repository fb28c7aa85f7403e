using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>What a service gives up when it becomes one of another type. Addresses and ports are the allocation's.</summary>
internal static class ServiceTransitions
{
    /// <summary>What only the type before had a use for goes, if the author left it as it was.</summary>
    public static void DropUnfit(JsonObject spec, JsonObject before)
    {
        var (now, then) = (spec.Text("type"), before.Text("type"));
        if (then == "LoadBalancer" && now != "LoadBalancer")
        {
            DropIfSame(spec, before, "allocateLoadBalancerNodePorts");
            DropIfSame(spec, before, "loadBalancerClass");
        }

        if (!IsExternal(spec) && IsExternal(before))
        {
            DropIfSame(spec, before, "externalTrafficPolicy");
        }
    }

    private static void DropIfSame(JsonObject value, JsonObject before, string field)
    {
        if (JsonNode.DeepEquals(value[field], before[field]))
        {
            value.Remove(field);
        }
    }

    private static bool IsExternal(JsonObject spec) =>
        spec.Text("type") is "NodePort" or "LoadBalancer" || (spec.Text("type") == "ClusterIP" && spec.Items("externalIPs").Any());
}
