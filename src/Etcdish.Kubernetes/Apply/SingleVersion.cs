using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>A kind with one version.</summary>
public sealed class SingleVersion(string servedVersion, StructType type) : IObjectVersions
{
    /// <summary>A kind of which nothing is known but that it is an object with metadata.</summary>
    public static SingleVersion Deduced(string apiVersion) => new(apiVersion, DeducedType);

    /// <summary>The type of an object of which nothing is known but that it has metadata.</summary>
    public static StructType DeducedType { get; } = new(
        "object",
        [
            new Field("kind", SchemaType.String),
            new Field("apiVersion", SchemaType.String),
            new Field("metadata", SchemaType.Object(SchemaCatalog.BuiltIn.GetStruct("meta/v1.ObjectMeta"))),
        ],
        additional: SchemaType.Deduced);

    /// <inheritdoc/>
    public StructType? TypeOf(string apiVersion) => apiVersion == servedVersion ? type : null;

    /// <inheritdoc/>
    public JsonObject Convert(JsonObject value, string apiVersion) =>
        apiVersion == servedVersion ? value : throw new ArgumentException($"{apiVersion} is not served", nameof(apiVersion));
}
