using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>What a service keeps of what it was given, and what it gives up, when its author changes it without naming that.</summary>
internal static class ServiceTransitions
{
    private static readonly string[] _addressFields = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"];

    /// <summary>Runs before addresses and ports are given out and again before checks: the second time changes nothing.</summary>
    /// <param name="service">The new or changed service.</param>
    /// <param name="stored">The service as it is, or null.</param>
    public static void CarryOver(JsonObject service, JsonObject? stored)
    {
        var spec = service.Ensure("spec");
        if (stored.Part("spec") is { } before)
        {
            KeepGiven(spec, before);
            DropUnfit(spec, before);
        }

        AgreeOnFirst(spec, stored.Part("spec"));
    }

    private static void KeepGiven(JsonObject spec, JsonObject before)
    {
        var (now, then) = (spec.Text("type"), before.Text("type"));
        if (now != "ExternalName" && then != "ExternalName" && spec.Text("clusterIP").Length == 0 && !spec.Items("clusterIPs").Any())
        {
            spec.CopyFrom(before, "clusterIP");
            spec.CopyFrom(before, "clusterIPs");
        }

        if (now != "ExternalName" && then != "ExternalName")
        {
            foreach (var field in (ReadOnlySpan<string>)["ipFamilies", "ipFamilyPolicy"])
            {
                if (spec[field] is null)
                {
                    spec.CopyFrom(before, field);
                }
            }
        }

        if (HasNodePorts(now) && HasNodePorts(then))
        {
            KeepNodePorts(spec, before);
        }

        if (NeedsHealthCheck(spec) && NeedsHealthCheck(before) && spec.Number("healthCheckNodePort") is null or 0)
        {
            spec.CopyFrom(before, "healthCheckNodePort");
        }
    }

    /// <summary>A port that was there keeps its number on nodes, unless another one has taken it.</summary>
    private static void KeepNodePorts(JsonObject spec, JsonObject before)
    {
        var known = new Dictionary<(string, string), JsonNode>();
        foreach (var port in before.Objects("ports"))
        {
            if (port["nodePort"] is { } number)
            {
                known[(port.Text("protocol"), port["port"]?.ToString() ?? "")] = number;
            }
        }

        var taken = spec.Objects("ports").Select(p => (p.Text("protocol"), p.Number("nodePort") ?? 0)).ToHashSet();
        foreach (var port in spec.Objects("ports"))
        {
            if (port.Number("nodePort") is null or 0
                && known.TryGetValue((port.Text("protocol"), port["port"]?.ToString() ?? ""), out var number)
                && taken.Add((port.Text("protocol"), ObjectMeta.Number(number) ?? 0)))
            {
                port["nodePort"] = number.DeepClone();
            }
        }
    }

    /// <summary>What only the type before had a use for goes, if the author left it as it was.</summary>
    private static void DropUnfit(JsonObject spec, JsonObject before)
    {
        var (now, then) = (spec.Text("type"), before.Text("type"));
        if (now == "ExternalName" && then != "ExternalName")
        {
            foreach (var field in _addressFields)
            {
                DropIfSame(spec, before, field);
            }
        }

        if (HasNodePorts(then) && !HasNodePorts(now))
        {
            foreach (var (port, old) in spec.Objects("ports").Zip(before.Objects("ports")))
            {
                DropIfSame(port, old, "nodePort");
            }
        }

        if (NeedsHealthCheck(before) && !NeedsHealthCheck(spec))
        {
            DropIfSame(spec, before, "healthCheckNodePort");
        }

        if (then == "LoadBalancer" && now != "LoadBalancer")
        {
            DropIfSame(spec, before, "allocateLoadBalancerNodePorts");
            DropIfSame(spec, before, "loadBalancerClass");
        }

        var isExternal = HasNodePorts(now) || spec.Items("externalIPs").Any();
        if (!isExternal && (HasNodePorts(then) || before.Items("externalIPs").Any()))
        {
            DropIfSame(spec, before, "externalTrafficPolicy");
        }
    }

    /// <summary>The single address and the first of the list are one; who changes either changes both.</summary>
    private static void AgreeOnFirst(JsonObject spec, JsonObject? before)
    {
        var single = spec.Text("clusterIP");
        var first = (spec["clusterIPs"] as JsonArray)?.FirstOrDefault()?.ToString() ?? "";
        if (single == first)
        {
            return;
        }

        if (before is null)
        {
            if (single.Length > 0 && first.Length == 0)
            {
                spec["clusterIPs"] = new JsonArray(single);
            }

            return;
        }

        var oldList = before["clusterIPs"];
        if (single != before.Text("clusterIP") && JsonNode.DeepEquals(spec["clusterIPs"], oldList))
        {
            if (single.Length == 0)
            {
                spec.Remove("clusterIPs");
            }
            else
            {
                spec["clusterIPs"] = new JsonArray(single);
            }
        }
    }

    private static void DropIfSame(JsonObject value, JsonObject before, string field)
    {
        if (JsonNode.DeepEquals(value[field], before[field]))
        {
            value.Remove(field);
        }
    }

    private static bool HasNodePorts(string type) => type is "NodePort" or "LoadBalancer";

    private static bool NeedsHealthCheck(JsonObject spec) =>
        spec.Text("type") == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";
}
