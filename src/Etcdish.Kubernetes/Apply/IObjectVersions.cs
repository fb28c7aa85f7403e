using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>The versions in which a kind is served: types to compare by, and conversion between them.</summary>
public interface IObjectVersions
{
    /// <summary>The type of the kind's objects in a version, or null if it is not served (any more).</summary>
    StructType? TypeOf(string apiVersion);

    /// <summary>The object in a version for which <see cref="TypeOf"/> has a type; may be the same object, which stays unchanged.</summary>
    JsonObject Convert(JsonObject value, string apiVersion);
}
