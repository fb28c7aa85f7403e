using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Discovery;

/// <summary>A document made once, with the tag that tells whether a client has it already.</summary>
/// <param name="Body">JSON.</param>
/// <param name="Tag">A quoted tag of its content.</param>
internal sealed record TaggedDocument(byte[] Body, string Tag)
{
    public static TaggedDocument Of(JsonNode content)
    {
        var body = ApiJson.Write(content);
        return new TaggedDocument(body, $"\"{Convert.ToHexString(SHA256.HashData(body))}\"");
    }
}

/// <summary>
/// One set of resources, as clients ask for it: all at once (aggregated, v2), and group version by group version as old ones do.
/// </summary>
internal sealed class DiscoveryDocuments
{
    private readonly ResourceSet _resources;
    private readonly Lazy<TaggedDocument> _aggregatedCore;
    private readonly Lazy<TaggedDocument> _aggregatedGroups;

    public DiscoveryDocuments(ResourceSet resources)
    {
        _resources = resources;
        _aggregatedCore = new(() => TaggedDocument.Of(Aggregated(isCore: true)));
        _aggregatedGroups = new(() => TaggedDocument.Of(Aggregated(isCore: false)));
    }

    /// <summary>APIGroupDiscoveryList of the core group.</summary>
    public TaggedDocument AggregatedCore => _aggregatedCore.Value;

    /// <summary>APIGroupDiscoveryList of all other groups.</summary>
    public TaggedDocument AggregatedGroups => _aggregatedGroups.Value;

    /// <summary>APIVersions: the versions of the core group.</summary>
    public static JsonObject CoreVersions(string address) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = address }),
    };

    /// <summary>APIGroupList: all groups but the core.</summary>
    public JsonObject Groups() => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. GroupNames().Where(name => name.Length > 0).Select(name => Group(name, isNested: true))]),
    };

    /// <summary>APIGroup; null if the group is not served.</summary>
    public JsonObject? Group(string name) => GroupNames().Contains(name) && name.Length > 0 ? Group(name, isNested: false) : null;

    /// <summary>APIResourceList; null if the group version is not served.</summary>
    public JsonObject? Resources(string group, string version)
    {
        var types = _resources.All.Where(type => type.Info.Group == group && type.Info.Version == version).ToArray();
        if (types.Length == 0)
        {
            return null;
        }

        var list = new JsonArray();
        foreach (var info in types.Select(type => type.Info))
        {
            list.Add(Resource(info));
            foreach (var subresource in info.Subresources)
            {
                list.Add(Subresource(info, subresource));
            }
        }

        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = types[0].Info.ApiVersion,
            ["resources"] = list,
        };
    }

    /// <summary>
    /// Of what only awaits its end, nothing is created or changed any more; what changes it still does so for finalizers.
    /// </summary>
    private IEnumerable<string> VerbsOf(ResourceInfo info) =>
        _resources.Find(info.Group, info.Version, info.Name)?.Rules.CreationRefusal is null
            ? info.Verbs
            : info.Verbs.Where(verb => verb is not ("create" or "patch" or "update"));

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];

    private JsonObject Resource(ResourceInfo info)
    {
        var resource = new JsonObject
        {
            ["name"] = info.Name,
            ["singularName"] = info.Singular,
            ["namespaced"] = info.IsNamespaced,
            ["kind"] = info.Kind,
            ["verbs"] = Texts(VerbsOf(info)),
        };
        AddNames(resource, info);
        return resource;
    }

    private static JsonObject Subresource(ResourceInfo info, SubresourceInfo subresource)
    {
        var result = new JsonObject
        {
            ["name"] = $"{info.Name}/{subresource.Name}",
            ["singularName"] = "",
            ["namespaced"] = info.IsNamespaced,
            ["kind"] = subresource.Kind ?? info.Kind,
            ["verbs"] = Texts(subresource.Verbs),
        };
        if (subresource.ApiVersion is { } apiVersion && apiVersion != info.ApiVersion)
        {
            var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
            result["group"] = slash < 0 ? "" : apiVersion[..slash];
            result["version"] = apiVersion[(slash + 1)..];
        }

        return result;
    }

    private static void AddNames(JsonObject resource, ResourceInfo info)
    {
        if (info.ShortNames.Count > 0)
        {
            resource["shortNames"] = Texts(info.ShortNames);
        }

        if (info.Categories.Count > 0)
        {
            resource["categories"] = Texts(info.Categories);
        }
    }

    private static JsonObject GroupVersionKind(string apiVersion, string kind)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return new JsonObject
        {
            ["group"] = slash < 0 ? "" : apiVersion[..slash],
            ["version"] = apiVersion[(slash + 1)..],
            ["kind"] = kind,
        };
    }

    private IEnumerable<string> GroupNames() => _resources.All.Select(type => type.Info.Group).Distinct();

    private IEnumerable<string> Versions(string group) =>
        _resources.All.Where(type => type.Info.Group == group).Select(type => type.Info.Version).Distinct();

    private JsonObject Group(string name, bool isNested)
    {
        var versions = Versions(name)
            .Select(version => (JsonNode)new JsonObject { ["groupVersion"] = $"{name}/{version}", ["version"] = version }).ToArray();
        var group = isNested ? new JsonObject() : new JsonObject { ["kind"] = "APIGroup", ["apiVersion"] = "v1" };
        group["name"] = name;
        group["preferredVersion"] = versions[0].DeepClone();
        group["versions"] = new JsonArray(versions);
        return group;
    }

    private JsonObject Aggregated(bool isCore)
    {
        var items = new JsonArray();
        foreach (var group in GroupNames().Where(name => name.Length == 0 == isCore))
        {
            var versions = Versions(group).Select(version => (JsonNode)AggregatedVersion(group, version));
            var metadata = new JsonObject { ["creationTimestamp"] = null };
            if (!isCore)
            {
                metadata["name"] = group;
            }

            items.Add(new JsonObject { ["metadata"] = metadata, ["versions"] = new JsonArray([.. versions]) });
        }

        return new JsonObject
        {
            ["kind"] = "APIGroupDiscoveryList",
            ["apiVersion"] = "apidiscovery.k8s.io/v2",
            ["metadata"] = new JsonObject(),
            ["items"] = items,
        };
    }

    private JsonObject AggregatedVersion(string group, string version)
    {
        var resources = new JsonArray();
        foreach (var info in _resources.All.Select(type => type.Info).Where(info => info.Group == group && info.Version == version))
        {
            var resource = new JsonObject
            {
                ["resource"] = info.Name,
                ["responseKind"] = GroupVersionKind(info.ApiVersion, info.Kind),
                ["scope"] = info.IsNamespaced ? "Namespaced" : "Cluster",
                ["singularResource"] = info.Singular,
                ["verbs"] = Texts(VerbsOf(info)),
            };
            AddNames(resource, info);
            if (info.Subresources.Count > 0)
            {
                resource["subresources"] = new JsonArray([.. info.Subresources.Select(subresource => new JsonObject
                {
                    ["subresource"] = subresource.Name,
                    ["responseKind"] = GroupVersionKind(subresource.ApiVersion ?? info.ApiVersion, subresource.Kind ?? info.Kind),
                    ["verbs"] = Texts(subresource.Verbs),
                })]);
            }

            resources.Add(resource);
        }

        return new JsonObject { ["version"] = version, ["resources"] = resources, ["freshness"] = "Current" };
    }
}
