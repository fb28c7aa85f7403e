using Etcdish.ApiServer.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>The resources that are served.</summary>
internal sealed class ResourceDirectory
{
    // Kinds that would be stored but do nothing, or that are a second view of another resource's objects, which needs conversion.
    private static readonly HashSet<string> _absentGroups = new(StringComparer.Ordinal)
    {
        "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "events.k8s.io",
    };

    /// <summary>The subresources that somebody answers.</summary>
    private static readonly HashSet<string> _servedSubresources = new(StringComparer.Ordinal) { "status", "finalize" };

    private readonly Dictionary<(string Group, string Version, string Name), ResourceType> _byPath = [];

    public ResourceDirectory(SchemaCatalog catalog, string rootPrefix)
    {
        foreach (var info in catalog.Resources.Where(IsServed))
        {
            var type = new ResourceType(WithServedSubresources(info), KindRules.Of(info), rootPrefix);
            All.Add(type);
            _byPath.Add((info.Group, info.Version, info.Name), type);
        }
    }

    /// <summary>All of them, in the order of the table.</summary>
    public List<ResourceType> All { get; } = [];

    /// <summary>Finds a resource, or null.</summary>
    public ResourceType? Find(string group, string version, string name) => _byPath.GetValueOrDefault((group, version, name));

    private static bool IsServed(ResourceInfo info) =>
        info.Verbs.Contains("create") && info.Verbs.Contains("list") && !_absentGroups.Contains(info.Group)
        && info is not { Group: "autoscaling", Version: "v1" };

    private static ResourceInfo WithServedSubresources(ResourceInfo info) => info with
    {
        Subresources = [.. info.Subresources.Where(s => _servedSubresources.Contains(s.Name))],
    };
}
