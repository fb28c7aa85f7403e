using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Extensions;

/// <summary>
/// The versions of a custom resource, in which owners of fields are noted. They differ in nothing but their names and schemas.
/// </summary>
internal sealed class CustomVersions(string group, IReadOnlyList<CustomVersion> versions) : IObjectVersions
{
    public StructType? TypeOf(string apiVersion) => Find(apiVersion)?.Type;

    public JsonObject Convert(JsonObject value, string apiVersion)
    {
        if (value["apiVersion"]?.GetValue<string>() == apiVersion)
        {
            return value;
        }

        var version = Find(apiVersion) ?? throw new ArgumentException($"{apiVersion} is not served", nameof(apiVersion));
        var converted = (JsonObject)value.DeepClone();
        converted["apiVersion"] = apiVersion;
        version.Prune(converted);
        return converted;
    }

    private CustomVersion? Find(string apiVersion)
    {
        foreach (var version in versions)
        {
            if (apiVersion == $"{group}/{version.Name}" && (version.IsServed || version.IsStorage))
            {
                return version;
            }
        }

        return null;
    }
}
