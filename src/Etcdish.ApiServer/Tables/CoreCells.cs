using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Tables;

/// <summary>Cells of the core group.</summary>
internal static class CoreCells
{
    public static Cell? Find(string kind, string column) => (kind, column) switch
    {
        ("ConfigMap", "Data") => (v, _) => (v.Part("data")?.Count ?? 0) + (v.Part("binaryData")?.Count ?? 0),
        ("Secret", "Type") => (v, _) => v.Text("type"),
        ("Secret", "Data") => (v, _) => v.Part("data")?.Count ?? 0,
        ("Namespace", "Status") => (v, _) => v.Part("status").Text("phase"),
        ("ServiceAccount", "Secrets") => (v, _) => v.Items("secrets").Count(),
        ("Endpoints", "Endpoints") => (v, _) => Endpoints(v),
        ("ResourceQuota", "Request") => (v, _) => Quota(v, wantsLimits: false),
        ("ResourceQuota", "Limit") => (v, _) => Quota(v, wantsLimits: true),
        ("ComponentStatus", _) => ComponentCell(column),
        ("Node", _) => NodeCell(column),
        ("Pod", _) => PodCells.Find(column),
        ("Service", _) => ServiceCell(column),
        ("Event", _) => EventCell(column),
        ("PersistentVolume" or "PersistentVolumeClaim", _) => VolumeCell(column),
        ("PodTemplate", "Pod Labels") => (v, _) => CellText.Selector(v.Part("template").Part("metadata").Part("labels")),
        _ => null,
    };

    private static string Endpoints(JsonObject value)
    {
        const int Shown = 3;
        var all = value.Items("subsets").OfType<JsonObject>()
            .SelectMany(subset =>
                from address in subset.Items("addresses").OfType<JsonObject>()
                from port in subset.Items("ports").OfType<JsonObject>()
                select $"{address.Text("ip")}:{CellText.Count(port, "port")}")
            .ToArray();
        var more = all.Length > Shown ? $" + {all.Length - Shown} more..." : "";
        return CellText.Join(all.Take(Shown)) + more;
    }

    private static string Quota(JsonObject value, bool wantsLimits)
    {
        var status = value.Part("status");
        return string.Join(", ", (status.Part("hard") ?? [])
            .Where(entry => entry.Key.StartsWith("limits.", StringComparison.Ordinal) == wantsLimits)
            .Select(entry => $"{entry.Key}: {CellText.Scalar(status.Part("used")?[entry.Key])}/{CellText.Scalar(entry.Value)}"));
    }

    private static Cell? ComponentCell(string column) => column switch
    {
        "Status" => (v, _) => Health(v).Text("status") switch { "True" => "Healthy", "" => "Unknown", _ => "Unhealthy" },
        "Message" => (v, _) => Health(v).Text("message"),
        "Error" => (v, _) => Health(v).Text("error"),
        _ => null,
    };

    private static JsonObject? Health(JsonObject component) =>
        component.Items("conditions").OfType<JsonObject>().FirstOrDefault(condition => condition.Text("type") == "Healthy");

    private static Cell? NodeCell(string column) => column switch
    {
        "Status" => (v, _) => NodeStatus(v),
        "Roles" => (v, _) => CellText.Join((v.Part("metadata").Part("labels") ?? [])
            .Where(label => label.Key.StartsWith("node-role.kubernetes.io/", StringComparison.Ordinal))
            .Select(label => label.Key["node-role.kubernetes.io/".Length..]).Order(StringComparer.Ordinal)),
        "Version" => (v, _) => NodeInfo(v, "kubeletVersion"),
        "Internal-IP" => (v, _) => NodeAddress(v, "InternalIP"),
        "External-IP" => (v, _) => NodeAddress(v, "ExternalIP"),
        "OS-Image" => (v, _) => CellText.OrNone(NodeInfo(v, "osImage")),
        "Kernel-Version" => (v, _) => CellText.OrNone(NodeInfo(v, "kernelVersion")),
        "Container-Runtime" => (v, _) => CellText.OrNone(NodeInfo(v, "containerRuntimeVersion")),
        _ => null,
    };

    private static string NodeStatus(JsonObject node)
    {
        var ready = node.Part("status").Items("conditions").OfType<JsonObject>().FirstOrDefault(c => c.Text("type") == "Ready");
        var text = ready is null ? "Unknown" : ready.Text("status") == "True" ? "Ready" : "NotReady";
        return CellText.Scalar(node.Part("spec")?["unschedulable"]) == "true" ? text + ",SchedulingDisabled" : text;
    }

    private static string NodeInfo(JsonObject node, string field) => node.Part("status").Part("nodeInfo").Text(field);

    private static string NodeAddress(JsonObject node, string type) => CellText.OrNone(
        node.Part("status").Items("addresses").OfType<JsonObject>().FirstOrDefault(a => a.Text("type") == type).Text("address"));

    private static Cell? ServiceCell(string column) => column switch
    {
        "Type" => (v, _) => v.Part("spec").Text("type"),
        "Cluster-IP" => (v, _) => CellText.OrNone(v.Part("spec").Text("clusterIP")),
        "External-IP" => (v, _) => ExternalAddress(v),
        "Port(s)" => (v, _) => CellText.Join(v.Part("spec").Items("ports").OfType<JsonObject>().Select(Port)),
        "Selector" => (v, _) => CellText.Selector(v.Part("spec").Part("selector")),
        _ => null,
    };

    private static string ExternalAddress(JsonObject service)
    {
        var spec = service.Part("spec");
        var balanced = service.Part("status").Part("loadBalancer").Items("ingress").OfType<JsonObject>()
            .Select(entry => entry.Text("ip") is { Length: > 0 } ip ? ip : entry.Text("hostname"));
        var given = spec.Items("externalIPs").Select(CellText.Scalar);
        return spec.Text("type") switch
        {
            "ExternalName" => spec.Text("externalName"),
            "LoadBalancer" when !balanced.Concat(given).Any() => "<pending>",
            "LoadBalancer" => CellText.Join(balanced.Concat(given)),
            _ => CellText.Join(given),
        };
    }

    private static string Port(JsonObject port)
    {
        var node = port.Number("nodePort") is > 0 and var number ? $":{number}" : "";
        return $"{CellText.Count(port, "port")}{node}/{port.Text("protocol")}";
    }

    private static Cell? EventCell(string column) => column switch
    {
        "Last Seen" => (v, now) => CellText.Age(FirstText(v, "lastTimestamp", "eventTime", "firstTimestamp"), now),
        "First Seen" => (v, now) => CellText.Age(FirstText(v, "firstTimestamp", "eventTime"), now),
        "Type" => (v, _) => v.Text("type"),
        "Reason" => (v, _) => v.Text("reason"),
#pragma warning disable CA1308 // Kinds are shown as kubectl takes them.
        "Object" => (v, _) => $"{v.Part("involvedObject").Text("kind").ToLowerInvariant()}/{v.Part("involvedObject").Text("name")}",
#pragma warning restore CA1308
        "Subobject" => (v, _) => v.Part("involvedObject").Text("fieldPath"),
        "Source" => (v, _) => Source(v),
        "Message" => (v, _) => v.Text("message").Trim(),
        "Count" => (v, _) => v.Number("count") ?? 1,
        _ => null,
    };

    private static string FirstText(JsonObject value, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
        {
            if (value.Text(field) is { Length: > 0 } text)
            {
                return text;
            }
        }

        return "";
    }

    private static string Source(JsonObject value)
    {
        var component = value.Part("source").Text("component") is { Length: > 0 } text ? text : value.Text("reportingComponent");
        var host = value.Part("source").Text("host");
        return host.Length == 0 ? component : $"{component}, {host}";
    }

    private static Cell? VolumeCell(string column) => column switch
    {
        "Status" => (v, _) => v.IsBeingDeleted() ? "Terminating" : v.Part("status").Text("phase"),
        "Volume" => (v, _) => v.Part("spec").Text("volumeName"),
        "Capacity" => (v, _) => (v.Part("status").Part("capacity") ?? v.Part("spec").Part("capacity")).Text("storage"),
        "Access Modes" => (v, _) => string.Join(',', v.Part("spec").Items("accessModes").Select(mode => CellText.Scalar(mode) switch
        {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            "ReadWriteOncePod" => "RWOP",
            var other => other,
        })),
        "Reclaim Policy" => (v, _) => v.Part("spec").Text("persistentVolumeReclaimPolicy"),
        "Claim" => (v, _) => v.Part("spec").Part("claimRef") is { } claim ? $"{claim.Text("namespace")}/{claim.Text("name")}" : "",
        "StorageClass" => (v, _) => v.Part("spec").Text("storageClassName"),
        "VolumeAttributesClass" => (v, _) =>
            v.Part("spec").Text("volumeAttributesClassName") is { Length: > 0 } name ? name : CellText.Unset,
        "Reason" => (v, _) => v.Part("status").Text("reason"),
        "VolumeMode" => (v, _) => v.Part("spec").Text("volumeMode") is { Length: > 0 } mode ? mode : CellText.Unset,
        _ => null,
    };
}
