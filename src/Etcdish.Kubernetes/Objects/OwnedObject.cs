using System.Text.Json;
using System.Text.Json.Serialization;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubernetes.Objects;

/// <summary>
/// An object of any kind, of which only is known who it is, whom it belongs to and how it goes: of its metadata are read at least name,
/// namespace, uid, resourceVersion, deletionTimestamp, finalizers and owners.
/// </summary>
public sealed class OwnedObject : KubernetesObject
{
    /// <summary>The finalizer of an object that waits for what it owns to go first.</summary>
    public const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>The finalizer of an object that waits until what it owns is no longer its own.</summary>
    public const string OrphanFinalizer = "orphan";

    /// <summary>Asks a server for nothing but the metadata of objects.</summary>
    public const string MediaType = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

    /// <summary>Whether it goes when what it owns, and blocks it, is gone.</summary>
    [JsonIgnore]
    public bool IsDeletingDependents => Metadata.IsBeingDeleted && Metadata.Finalizers.Contains(ForegroundFinalizer);

    /// <summary>Whether it goes when what it owns is no longer its own.</summary>
    [JsonIgnore]
    public bool IsOrphaning => Metadata.IsBeingDeleted && Metadata.Finalizers.Contains(OrphanFinalizer);

    /// <summary>A resource whose objects are read so.</summary>
    public static ApiResource<OwnedObject> ResourceOf(ApiResource resource) => new(
        resource.Group, resource.Version, resource.Name, resource.Kind, resource.IsNamespaced, ObjectForms.Default.OwnedObject);
}

/// <summary>Reads what <see cref="OwnedObject"/> knows, and steps over the rest without making anything of it.</summary>
internal sealed class OwnedObjectConverter : JsonConverter<OwnedObject>
{
    private const string InitialEventsEnd = "k8s.io/initial-events-end";

    public override OwnedObject Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var result = new OwnedObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isMetadata && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadMetadata(ref reader, result.Metadata);
            }
            else
            {
                reader.Skip();
            }
        }

        return result;
    }

    public override void Write(Utf8JsonWriter writer, OwnedObject value, JsonSerializerOptions options) =>
        throw new NotSupportedException("a part of an object is read, never written");

    private static void ReadMetadata(ref Utf8JsonReader reader, ObjectMetadata metadata)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8))
            {
                metadata.Name = ReadText(ref reader);
            }
            else if (reader.ValueTextEquals("namespace"u8))
            {
                metadata.Namespace = ReadText(ref reader);
            }
            else if (reader.ValueTextEquals("uid"u8))
            {
                metadata.Uid = ReadText(ref reader);
            }
            else if (reader.ValueTextEquals("resourceVersion"u8))
            {
                metadata.ResourceVersion = ReadText(ref reader);
            }
            else
            {
                ReadRest(ref reader, metadata);
            }
        }
    }

    private static void ReadRest(ref Utf8JsonReader reader, ObjectMetadata metadata)
    {
        if (reader.ValueTextEquals("deletionTimestamp"u8))
        {
            reader.Read();
            metadata.DeletionTimestamp = reader.TokenType == JsonTokenType.Null ? null : reader.GetDateTimeOffset();
        }
        else if (reader.ValueTextEquals("finalizers"u8))
        {
            reader.Read();
            metadata.Finalizers = JsonSerializer.Deserialize(ref reader, ObjectForms.Default.StringArray) ?? [];
        }
        else if (reader.ValueTextEquals("ownerReferences"u8))
        {
            reader.Read();
            metadata.OwnerReferences = JsonSerializer.Deserialize(ref reader, ObjectForms.Default.OwnerReferenceArray) ?? [];
        }
        else if (reader.ValueTextEquals("annotations"u8))
        {
            reader.Read();
            ReadMark(ref reader, metadata);
        }
        else
        {
            reader.Read();
            reader.Skip();
        }
    }

    /// <summary>Of annotations only that counts which marks the end of a watch's initial state.</summary>
    private static void ReadMark(ref Utf8JsonReader reader, ObjectMetadata metadata)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMark = reader.ValueTextEquals(InitialEventsEnd);
            var value = ReadText(ref reader);
            if (isMark)
            {
                metadata.Annotations = new Dictionary<string, string> { [InitialEventsEnd] = value };
            }
        }
    }

    private static string ReadText(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetString() ?? "";
    }
}
