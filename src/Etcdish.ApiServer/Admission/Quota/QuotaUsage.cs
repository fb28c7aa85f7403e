using System.Text.Json.Nodes;
using Etcdish.ApiServer.Kinds;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Admission.Quota;

/// <summary>What an object uses, in the names of quotas.</summary>
internal static class QuotaUsage
{
    private const string ClassSuffix = ".storageclass.storage.k8s.io/";

    // What is counted under a plain name since before anything could be counted.
    private static readonly HashSet<string> _plainCounts = new(StringComparer.Ordinal)
    {
        "configmaps", "secrets", "services", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas",
    };

    private static readonly HashSet<string> _podNames = new(StringComparer.Ordinal)
    {
        "pods", "cpu", "memory", "ephemeral-storage",
    };

    /// <summary>The usage of an object; nothing for null.</summary>
    public static SortedDictionary<string, Quantity> Of(ResourceInfo resource, JsonObject? value)
    {
        var usage = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        if (value is null)
        {
            return usage;
        }

        var one = new Quantity(1);
        usage[CountName(resource)] = one;
        if (resource.Group.Length > 0)
        {
            return usage;
        }

        if (_plainCounts.Contains(resource.Name))
        {
            usage[resource.Name] = one;
        }

        switch (resource.Kind)
        {
            case "Pod" when !IsTerminal(value):
                AddPod(usage, value);
                break;
            case "Service":
                AddService(usage, value);
                break;
            case "PersistentVolumeClaim":
                AddClaim(usage, value);
                break;
        }

        return usage;
    }

    /// <summary>Whether objects of a resource may use what a quota names.</summary>
    public static bool Concerns(ResourceInfo resource, string name)
    {
        if (name == CountName(resource) || (resource.Group.Length == 0 && _plainCounts.Contains(resource.Name) && name == resource.Name))
        {
            return true;
        }

        return resource is { Group: "", Kind: "Pod" } ? IsOfPods(name)
            : resource is { Group: "", Kind: "Service" } ? name.StartsWith("services.", StringComparison.Ordinal)
            : resource is { Group: "", Kind: "PersistentVolumeClaim" }
                && (name == "requests.storage" || name.Contains(ClassSuffix, StringComparison.Ordinal));
    }

    public static bool IsTerminal(JsonObject pod) => pod.Part("status").Text("phase") is "Succeeded" or "Failed";

    /// <summary>Whether a name is of what pods use, such as <c>limits.cpu</c>.</summary>
    public static bool IsOfPods(string name) => _podNames.Contains(name) || name.StartsWith("hugepages-", StringComparison.Ordinal)
        || name.StartsWith("limits.", StringComparison.Ordinal)
        || (name.StartsWith("requests.", StringComparison.Ordinal) && name != "requests.storage");

    private static string CountName(ResourceInfo resource) =>
        resource.Group.Length == 0 ? $"count/{resource.Name}" : $"count/{resource.Name}.{resource.Group}";

    private static void AddPod(SortedDictionary<string, Quantity> usage, JsonObject pod)
    {
        usage["pods"] = new Quantity(1);
        foreach (var (name, amount) in PodResources.Sum(pod, "requests"))
        {
            usage[$"requests.{name}"] = amount;
            if (_podNames.Contains(name) || name.StartsWith("hugepages-", StringComparison.Ordinal))
            {
                usage[name] = amount;
            }
        }

        foreach (var (name, amount) in PodResources.Sum(pod, "limits"))
        {
            usage[$"limits.{name}"] = amount;
        }
    }

    private static void AddService(SortedDictionary<string, Quantity> usage, JsonObject service)
    {
        var spec = service.Part("spec");
        var ports = spec.Items("ports").Count();
        switch (spec.Text("type"))
        {
            case "NodePort":
                usage["services.nodeports"] = new Quantity(ports);
                break;
            case "LoadBalancer":
                usage["services.loadbalancers"] = new Quantity(1);
                var allocates = spec?["allocateLoadBalancerNodePorts"] is not JsonValue flag || !flag.TryGetValue<bool>(out var on) || on;
                var used = allocates ? ports : spec.Items("ports").OfType<JsonObject>().Count(port => port.Number("nodePort") > 0);
                usage["services.nodeports"] = new Quantity(used);
                break;
        }
    }

    private static void AddClaim(SortedDictionary<string, Quantity> usage, JsonObject claim)
    {
        var spec = claim.Part("spec");
        const string Annotation = "volume.beta.kubernetes.io/storage-class";
        var name = claim.Part("metadata").Part("annotations").Text(Annotation) is { Length: > 0 } noted
            ? noted
            : spec.Text("storageClassName");
        if (name.Length > 0)
        {
            usage[$"{name}{ClassSuffix}persistentvolumeclaims"] = new Quantity(1);
        }

        if (Quantity.TryParse(spec.Part("resources").Part("requests").Text("storage"), out var size))
        {
            usage["requests.storage"] = size;
            if (name.Length > 0)
            {
                usage[$"{name}{ClassSuffix}requests.storage"] = size;
            }
        }
    }
}
