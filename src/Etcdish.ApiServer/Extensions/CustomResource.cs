using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Subresources;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Extensions;

/// <summary>The resources that a definition asks for: one for each served version, all over the same stored objects.</summary>
internal sealed class CustomResource
{
    private static readonly string[] _verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
    private static readonly string[] _partVerbs = ["get", "patch", "update"];

    private readonly JsonObject _definition;
    private readonly JsonObject _names;
    private readonly string _group;
    private readonly bool _isTerminating;
    private readonly CustomVersions _versions;

    private CustomResource(JsonObject definition, string rootPrefix)
    {
        _definition = definition;
        _group = definition.Part("spec").Text("group");
        _names = definition.Part("status").Part("acceptedNames")!;
        _isTerminating = definition.IsBeingDeleted();
        var versions = definition.Part("spec").Items("versions").OfType<JsonObject>()
            .Select(version => CustomVersion.Of(definition, version)).ToArray();
        _versions = new CustomVersions(_group, versions);
        var storage = Array.Find(versions, version => version.IsStorage)!;
        var place = new ResourceStorage(ResourceDirectory.PrefixOf(rootPrefix, _group, _names.Text("plural")));
        Served = [.. versions.Where(version => version.IsServed).OrderByDescending(version => VersionRank.Of(version.Name))
            .Select(version => Make(version, storage, place))];
        Storage = Served.FirstOrDefault(type => type.Custom == storage) ?? Make(storage, storage, place);
    }

    /// <summary>The served versions, the preferred one first.</summary>
    public IReadOnlyList<ResourceType> Served { get; }

    /// <summary>The version in which objects are stored, served or not.</summary>
    public ResourceType Storage { get; }

    /// <summary>Makes the resources of a definition whose names are accepted.</summary>
    public static CustomResource Of(JsonObject definition, string rootPrefix) => new(definition, rootPrefix);

    private ResourceType Make(CustomVersion version, CustomVersion storage, ResourceStorage place)
    {
        var kind = _names.Text("kind");
        var scale = version.Source.Part("subresources").Part("scale");
        return new ResourceType(MakeInfo(version, kind, scale is not null), MakeRules(version), place, _versions)
        {
            Form = new CustomStoredForm(_group, kind, version, storage),
            Custom = version,
            Columns = new CustomColumns(version.Source),
            ListKind = _names.Text("listKind"),
            Scale = scale is null ? null : new ScalePaths(
                scale.Text("specReplicasPath"),
                scale.Text("statusReplicasPath"),
                scale.Text("labelSelectorPath") is { Length: > 0 } path ? path : null),
            Warning = WarningOf(version, kind),
        };
    }

    private ResourceInfo MakeInfo(CustomVersion version, string kind, bool hasScale)
    {
        var subresources = new List<SubresourceInfo>();
        if (hasScale)
        {
            subresources.Add(new SubresourceInfo("scale", _partVerbs, "autoscaling/v1", "Scale"));
        }

        if (version.Source.Part("subresources").Part("status") is not null)
        {
            subresources.Add(new SubresourceInfo("status", _partVerbs, null, null));
        }

        return new ResourceInfo
        {
            Group = _group,
            Version = version.Name,
            Name = _names.Text("plural"),
            Singular = _names.Text("singular"),
            Kind = kind,
            IsNamespaced = _definition.Part("spec").Text("scope") == "Namespaced",
            ShortNames = Texts("shortNames"),
            Categories = Texts("categories"),
            Verbs = _verbs,
            Subresources = subresources,
            SelectableFields = [.. version.Source.Items("selectableFields").OfType<JsonObject>()
                .Select(field => field.Text("jsonPath").TrimStart('.'))],
            Type = version.Type,
        };
    }

    private ResourceRules MakeRules(CustomVersion version) => new()
    {
        HasGeneration = true,
        CheckName = NameRules.Dns1123Subdomain,
        ApplyDefaults = version.ApplyDefaults,
        Validate = version.Validate,
        CreationRefusal = _isTerminating ? "create not allowed while custom resource definition is terminating" : null,
    };

    private string WarningOf(CustomVersion version, string kind)
    {
        if (version.Source["deprecated"]?.GetValue<bool>() != true)
        {
            return "";
        }

        if (version.Source.Text("deprecationWarning") is { Length: > 0 } text)
        {
            return text;
        }

        var better = _definition.Part("spec").Items("versions").OfType<JsonObject>()
            .Where(v => v["served"]?.GetValue<bool>() == true && v["deprecated"]?.GetValue<bool>() != true)
            .Select(v => v.Text("name")).OrderByDescending(VersionRank.Of).FirstOrDefault();
        var advice = better is not null && VersionRank.Of(better).CompareTo(VersionRank.Of(version.Name)) > 0
            ? $"; use {_group}/{better} {kind}"
            : "";
        return $"{_group}/{version.Name} {kind} is deprecated{advice}";
    }

    private string[] Texts(string field) => [.. _names.Items(field).Select(text => text!.GetValue<string>())];
}
