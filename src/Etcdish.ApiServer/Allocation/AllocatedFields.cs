using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Allocation;

/// <summary>
/// The fields in which a service shows what it was given. Who replaces a service need not repeat them, and what its new type does not have
/// goes, unless the author insists on it.
/// </summary>
internal static class AllocatedFields
{
    /// <summary>Brings the fields into agreement with the type and with what is stored.</summary>
    /// <param name="spec">The new spec.</param>
    /// <param name="stored">The stored spec; null for a new service.</param>
    public static void Carry(JsonObject spec, JsonObject? stored)
    {
        JoinAddresses(spec, stored);
        if (stored is null)
        {
            return;
        }

        CarryAddresses(spec, stored);
        CarryPorts(spec, stored);
        if (ServiceNeeds.NeedsHealthPort(spec) && (spec.Number("healthCheckNodePort") ?? 0) == 0)
        {
            spec.CopyFrom(stored, "healthCheckNodePort");
        }
        else if (!ServiceNeeds.NeedsHealthPort(spec) && spec.Number("healthCheckNodePort") == stored.Number("healthCheckNodePort"))
        {
            spec.Remove("healthCheckNodePort");
        }
    }

    /// <summary>One address may be said in either of two fields.</summary>
    private static void JoinAddresses(JsonObject spec, JsonObject? stored)
    {
        var single = spec.Text("clusterIP");
        var isChanged = stored is not null && single != stored.Text("clusterIP")
            && JsonNode.DeepEquals(spec["clusterIPs"], stored["clusterIPs"]);
        if (single.Length > 0 && (!spec.Items("clusterIPs").Any() || isChanged))
        {
            spec["clusterIPs"] = new JsonArray(single);
        }
        else if (isChanged)
        {
            spec.Remove("clusterIPs");
        }
        else if (stored is null && single.Length == 0 && spec.Items("clusterIPs").FirstOrDefault() is { } first)
        {
            spec["clusterIP"] = first.DeepClone();
        }
    }

    private static void CarryAddresses(JsonObject spec, JsonObject stored)
    {
        if (spec.Text("type") == "ExternalName")
        {
            if (stored.Text("type") != "ExternalName" && spec.Text("clusterIP") == stored.Text("clusterIP"))
            {
                foreach (var field in new[] { "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy" })
                {
                    spec.Remove(field);
                }
            }

            return;
        }

        if (stored.Text("type") == "ExternalName")
        {
            return;
        }

        if (spec.Text("clusterIP").Length == 0 && !spec.Items("clusterIPs").Any())
        {
            spec.CopyFrom(stored, "clusterIP");
            spec.CopyFrom(stored, "clusterIPs");
        }

        if (!spec.Items("ipFamilies").Any())
        {
            spec.CopyFrom(stored, "ipFamilies");
        }

        if (spec.Text("ipFamilyPolicy").Length == 0)
        {
            spec.CopyFrom(stored, "ipFamilyPolicy");
        }
    }

    private static void CarryPorts(JsonObject spec, JsonObject stored)
    {
        var had = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var port in stored.Items("ports").OfType<JsonObject>())
        {
            had[port.Text("name")] = port.Number("nodePort") ?? 0;
        }

        var used = spec.Items("ports").OfType<JsonObject>().Select(port => port.Number("nodePort") ?? 0).ToHashSet();
        foreach (var port in spec.Items("ports").OfType<JsonObject>())
        {
            var old = had.GetValueOrDefault(port.Text("name"));
            var now = port.Number("nodePort") ?? 0;
            if (!ServiceNeeds.MayHavePorts(spec))
            {
                if (ServiceNeeds.MayHavePorts(stored) && now == old)
                {
                    port.Remove("nodePort");
                }
            }
            else if (now == 0 && old > 0 && ServiceNeeds.NeedsPorts(spec) && used.Add(old))
            {
                port["nodePort"] = old;
            }
        }
    }
}
