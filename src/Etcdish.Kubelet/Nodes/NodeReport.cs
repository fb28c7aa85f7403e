using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Nodes;

/// <summary>All that a kubelet can tell of its node at one moment, and how that is told.</summary>
internal sealed record NodeReport
{
    /// <summary>What is said of the kubelet's version: that of the API that it speaks.</summary>
    public const string KubeletVersion = ReleaseText.Version;

    private const int MostImages = 50;
    private const int MostImageNames = 5;

    public required string NodeName { get; init; }

    public required MachineFacts Machine { get; init; }

    /// <summary>The runtime; null: it has never answered.</summary>
    public RuntimeInfo? Runtime { get; init; }

    /// <summary>Whether pods have the node's network and its address.</summary>
    public bool SharesHostNetwork { get; init; }

    public FileSystemSpace Disk { get; init; }

    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>The port of the kubelet's server.</summary>
    public int Port { get; init; }

    public int MaxPods { get; init; }

    public IReadOnlyList<ImageState> Images { get; init; } = [];

    /// <summary>What of memory and disk is kept back so that eviction begins before there is nothing left, in bytes.</summary>
    public (long Memory, long Disk) Reserved { get; init; }

    public NodePressures Pressures { get; init; }

    /// <summary>Why no pods can be run; empty: they can.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>The labels that a kubelet gives its node.</summary>
    public JsonObject Labels() => new()
    {
        ["beta.kubernetes.io/arch"] = Machine.Architecture,
        ["beta.kubernetes.io/os"] = "linux",
        ["kubernetes.io/arch"] = Machine.Architecture,
        ["kubernetes.io/hostname"] = NodeName,
        ["kubernetes.io/os"] = "linux",
        ["etcdish.io/runtime"] = Runtime?.Name ?? "containerd",
        ["etcdish.io/pod-network"] = SharesHostNetwork ? "node" : "own",
    };

    /// <summary>The status, but for its conditions.</summary>
    /// <param name="known">The status that the API has: resources that others added to it stay, and may be used.</param>
    public JsonObject Status(JsonObject? known)
    {
        var capacity = Capacity();
        var allocatable = Allocatable(capacity);
        foreach (var (name, amount) in known?["capacity"] as JsonObject ?? [])
        {
            if (!capacity.ContainsKey(name) && name.Contains('/'))
            {
                allocatable[name] = amount?.DeepClone();
            }
        }

        return new JsonObject
        {
            ["capacity"] = capacity,
            ["allocatable"] = allocatable,
            ["addresses"] = AddressList(),
            ["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { [nameof(Port)] = Port } },
            ["nodeInfo"] = Info(),
            ["images"] = new JsonArray([.. Images.OrderByDescending(image => image.SizeBytes).Take(MostImages).Select(ToJson)]),
        };
    }

    private static JsonNode ToJson(ImageState image) => new JsonObject
    {
        ["names"] = new JsonArray([.. image.Digests.Concat(image.Tags).Take(MostImageNames).Select(name => (JsonNode)name)]),
        ["sizeBytes"] = image.SizeBytes,
    };

    private static string Bytes(long bytes) => new Quantity(Math.Max(0, bytes), QuantityFormat.BinarySI).ToString();

    private JsonObject Capacity()
    {
        var capacity = new JsonObject
        {
            ["cpu"] = Machine.Processors.ToString(CultureInfo.InvariantCulture),
            ["ephemeral-storage"] = Bytes(Disk.CapacityBytes),
            ["memory"] = Bytes(Machine.MemoryBytes),
            ["pods"] = MaxPods.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var (page, bytes) in Machine.HugePages)
        {
            capacity["hugepages-" + Bytes(page)] = Bytes(bytes);
        }

        return capacity;
    }

    /// <summary>Memory that is set aside as huge pages, or kept back, is not for other uses.</summary>
    private JsonObject Allocatable(JsonObject capacity)
    {
        var allocatable = capacity.DeepClone().AsObject();
        allocatable["memory"] = Bytes(Machine.MemoryBytes - Reserved.Memory - Machine.HugePages.Sum(pages => pages.Bytes));
        allocatable["ephemeral-storage"] = Math.Max(0, Disk.CapacityBytes - Reserved.Disk).ToString(CultureInfo.InvariantCulture);
        return allocatable;
    }

    private JsonArray AddressList()
    {
        var list = new JsonArray();
        foreach (var address in Addresses.OrderBy(address => address.AddressFamily != AddressFamily.InterNetwork))
        {
            list.Add(new JsonObject { ["type"] = "InternalIP", ["address"] = address.ToString() });
        }

        list.Add(new JsonObject { ["type"] = "Hostname", ["address"] = NodeName });
        return list;
    }

    private JsonObject Info() => new()
    {
        ["architecture"] = Machine.Architecture,
        ["bootID"] = Machine.BootId,
        ["containerRuntimeVersion"] = Runtime is null ? "containerd://Unknown" : $"{Runtime.Name}://{Runtime.Version}",
        ["kernelVersion"] = Machine.Kernel,
        ["kubeProxyVersion"] = "",
        ["kubeletVersion"] = KubeletVersion,
        ["machineID"] = Machine.MachineId,
        ["operatingSystem"] = "linux",
        ["osImage"] = Machine.OsImage,
        ["systemUUID"] = Machine.SystemUuid,
    };
}
