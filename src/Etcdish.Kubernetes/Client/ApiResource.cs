using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace Etcdish.Kubernetes.Client;

/// <summary>A resource of an API, as a client needs to know it.</summary>
/// <param name="Group">Its group; empty for the core.</param>
/// <param name="Version">Its version.</param>
/// <param name="Name">Its plural name, as in paths.</param>
/// <param name="Kind">The kind of its objects.</param>
/// <param name="IsNamespaced">Whether its objects are in namespaces.</param>
public record ApiResource(string Group, string Version, string Name, string Kind, bool IsNamespaced)
{
    /// <summary>Group and version, as objects name them.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The path of a collection, an object, or a part of one.</summary>
    /// <param name="ns">The namespace; empty: the whole cluster.</param>
    /// <param name="name">The object; empty: the collection.</param>
    /// <param name="subresource">The part; empty: the whole object.</param>
    public string Path(string ns, string name = "", string subresource = "")
    {
        var path = new StringBuilder(96).Append(Group.Length == 0 ? "/api/" : "/apis/").Append(ApiVersion);
        if (IsNamespaced && ns.Length > 0)
        {
            path.Append("/namespaces/").Append(ns);
        }

        path.Append('/').Append(Name);
        if (name.Length > 0)
        {
            // Names of some kinds (roles) may hold what means something in a URL.
            path.Append('/').Append(Uri.EscapeDataString(name));
        }

        return subresource.Length == 0 ? path.ToString() : path.Append('/').Append(subresource).ToString();
    }

    /// <summary>Group, version and plural name.</summary>
    public override string ToString() => Group.Length == 0 ? $"{Name}/{Version}" : $"{Name}.{Group}/{Version}";
}

/// <summary>A resource whose objects are read as <typeparamref name="T"/>.</summary>
/// <param name="Group">Its group; empty for the core.</param>
/// <param name="Version">Its version.</param>
/// <param name="Name">Its plural name, as in paths.</param>
/// <param name="Kind">The kind of its objects.</param>
/// <param name="IsNamespaced">Whether its objects are in namespaces.</param>
/// <param name="Form">Reads an object.</param>
public sealed record ApiResource<T>(string Group, string Version, string Name, string Kind, bool IsNamespaced, JsonTypeInfo<T> Form)
    : ApiResource(Group, Version, Name, Kind, IsNamespaced)
    where T : Objects.KubernetesObject
{
    /// <inheritdoc/>
    public override string ToString() => base.ToString();
}
