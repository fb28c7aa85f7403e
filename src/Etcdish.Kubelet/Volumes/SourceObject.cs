using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Volumes;

/// <summary>An object of which all is kept, for those who look at it as JSON.</summary>
[JsonConverter(typeof(SourceObjectConverter))]
internal sealed class SourceObject : KubernetesObject
{
    /// <summary>Config maps.</summary>
    public static ApiResource<SourceObject> ConfigMaps { get; } =
        new("", "v1", "configmaps", "ConfigMap", true, SourceForms.Default.SourceObject);

    /// <summary>Secrets.</summary>
    public static ApiResource<SourceObject> Secrets { get; } = new("", "v1", "secrets", "Secret", true, SourceForms.Default.SourceObject);

    /// <summary>Services.</summary>
    public static ApiResource<SourceObject> Services { get; } = new("", "v1", "services", "Service", true, SourceForms.Default.SourceObject);

    /// <summary>All of it.</summary>
    public JsonObject Json { get; init; } = [];

    /// <summary>Whether it says that it never changes.</summary>
    public bool IsImmutable => Json["immutable"] is JsonValue value && value.TryGetValue<bool>(out var never) && never;
}

/// <summary>Reads them, by generated code.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(SourceObject))]
internal sealed partial class SourceForms : JsonSerializerContext;

/// <summary>Reads an object as it is, and of its metadata what watches need.</summary>
internal sealed class SourceObjectConverter : JsonConverter<SourceObject>
{
    public override SourceObject? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (JsonNode.Parse(ref reader) is not JsonObject json)
        {
            return null;
        }

        // Who manages which field is of no use here, and often larger than all the rest.
        var metadata = json["metadata"] as JsonObject ?? [];
        metadata.Remove("managedFields");
        var value = new SourceObject
        {
            Json = json,
            Metadata = new ObjectMetadata
            {
                Name = Text("name"),
                Namespace = Text("namespace"),
                Uid = Text("uid"),
                ResourceVersion = Text("resourceVersion"),
            },
        };
        if (metadata["annotations"] is JsonObject annotations)
        {
            value.Metadata.Annotations = annotations.ToDictionary(pair => pair.Key, pair => pair.Value?.GetValue<string>() ?? "");
        }

        return value;

        string Text(string field) => metadata[field]?.GetValue<string>() ?? "";
    }

    public override void Write(Utf8JsonWriter writer, SourceObject value, JsonSerializerOptions options) => value.Json.WriteTo(writer);
}
