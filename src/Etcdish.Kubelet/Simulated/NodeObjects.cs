using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Simulated;

/// <summary>What simulated nodes write of themselves.</summary>
internal static class NodeObjects
{
    /// <summary>The Node, as it registers.</summary>
    public static JsonObject Node(SimulatedNode node, SimulatedNodesOptions options, DateTimeOffset now)
    {
        var labels = new JsonObject
        {
            ["beta.kubernetes.io/arch"] = "amd64",
            ["beta.kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = "amd64",
            ["kubernetes.io/hostname"] = node.Name,
            ["kubernetes.io/os"] = "linux",
            ["etcdish.io/simulated"] = "true",
        };
        if (node.Zone.Length > 0)
        {
            labels["topology.kubernetes.io/zone"] = node.Zone;
            labels["topology.kubernetes.io/region"] = "region-0";
        }

        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject { ["name"] = node.Name, ["labels"] = labels },
            ["spec"] = new JsonObject { ["podCIDR"] = node.PodNetwork, ["podCIDRs"] = new JsonArray(node.PodNetwork) },
            ["status"] = Status(node, options, now),
        };
    }

    /// <summary>The whole status.</summary>
    public static JsonObject Status(SimulatedNode node, SimulatedNodesOptions options, DateTimeOffset now) => new()
    {
        ["capacity"] = Resources(options),
        ["allocatable"] = Resources(options),
        ["addresses"] = new JsonArray(
            new JsonObject { ["type"] = "InternalIP", ["address"] = node.Address },
            new JsonObject { ["type"] = "Hostname", ["address"] = node.Name }),
        ["nodeInfo"] = new JsonObject
        {
            ["architecture"] = "amd64",
            ["bootID"] = "",
            ["containerRuntimeVersion"] = "simulated://1.0",
            ["kernelVersion"] = "simulated",
            ["kubeProxyVersion"] = "",
            ["kubeletVersion"] = ReleaseText.Version,
            ["machineID"] = "",
            ["operatingSystem"] = "linux",
            ["osImage"] = "simulated",
            ["systemUUID"] = "",
        },
        ["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = 10250 } },
        ["conditions"] = Conditions(now, sinceNow: true),
    };

    /// <summary>That all is well, for a node that has said so before: times of the last change stay.</summary>
    public static JsonObject Heartbeat(DateTimeOffset now) => new()
    {
        ["status"] = new JsonObject { ["conditions"] = Conditions(now, sinceNow: false) },
    };

    /// <summary>The lease by which a node says that it is there.</summary>
    public static JsonObject Lease(SimulatedNode node, TimeSpan renewal, DateTimeOffset now) => new()
    {
        ["apiVersion"] = "coordination.k8s.io/v1",
        ["kind"] = "Lease",
        ["metadata"] = new JsonObject
        {
            ["name"] = node.Name,
            ["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Node",
                ["name"] = node.Name,
                ["uid"] = node.Uid,
            }),
        },
        ["spec"] = new JsonObject
        {
            ["holderIdentity"] = node.Name,
            ["leaseDurationSeconds"] = Math.Max(1, (int)(renewal * 4).TotalSeconds),
            ["renewTime"] = TimeText.FormatMicro(now),
        },
    };

    /// <summary>A merge patch of a lease.</summary>
    public static byte[] Renewal(DateTimeOffset now) =>
        System.Text.Encoding.ASCII.GetBytes($$$"""{"spec":{"renewTime":"{{{TimeText.FormatMicro(now)}}}"}}""");

    private static JsonObject Resources(SimulatedNodesOptions options) => new()
    {
        ["cpu"] = options.Cpu,
        ["ephemeral-storage"] = "1Ti",
        ["hugepages-1Gi"] = "0",
        ["hugepages-2Mi"] = "0",
        ["memory"] = options.Memory,
        ["pods"] = options.Pods.ToString(CultureInfo.InvariantCulture),
    };

    private static JsonArray Conditions(DateTimeOffset now, bool sinceNow) => new(
        Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available", now, sinceNow),
        Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", now, sinceNow),
        Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available", now, sinceNow),
        Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now, sinceNow));

    private static JsonObject Condition(string type, string status, string reason, string message, DateTimeOffset now, bool sinceNow)
    {
        var condition = new JsonObject
        {
            ["type"] = type,
            ["status"] = status,
            ["reason"] = reason,
            ["message"] = message,
            ["lastHeartbeatTime"] = TimeText.Format(now),
        };
        if (sinceNow)
        {
            condition["lastTransitionTime"] = TimeText.Format(now);
        }

        return condition;
    }
}
