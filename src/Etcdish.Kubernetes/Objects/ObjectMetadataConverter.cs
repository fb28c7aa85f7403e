using System.Text.Json;
using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>
/// Reads metadata field by field. Every object has it, and programs on a large cluster read little else: leases come five hundred times a
/// second from five thousand nodes.
/// </summary>
internal sealed class ObjectMetadataConverter : JsonConverter<ObjectMetadata>
{
    public override ObjectMetadata Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("metadata is no object");
        }

        var result = new ObjectMetadata();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!TryReadText(ref reader, result) && !TryReadNumberOrTime(ref reader, result) && !TryReadCollection(ref reader, result))
            {
                reader.Read();
                reader.Skip();
            }
        }

        return result;
    }

    public override void Write(Utf8JsonWriter writer, ObjectMetadata value, JsonSerializerOptions options) =>
        throw new NotSupportedException("metadata is read here, and written as JSON");

    private static bool TryReadText(ref Utf8JsonReader reader, ObjectMetadata metadata)
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
            // Never the same again, so nothing for the pool.
            reader.Read();
            metadata.ResourceVersion = reader.GetString() ?? "";
        }
        else
        {
            return false;
        }

        return true;
    }

    private static bool TryReadNumberOrTime(ref Utf8JsonReader reader, ObjectMetadata metadata)
    {
        if (reader.ValueTextEquals("creationTimestamp"u8))
        {
            metadata.CreationTimestamp = ReadTime(ref reader);
        }
        else if (reader.ValueTextEquals("deletionTimestamp"u8))
        {
            metadata.DeletionTimestamp = ReadTime(ref reader);
        }
        else if (reader.ValueTextEquals("generation"u8))
        {
            metadata.Generation = ReadNumber(ref reader) ?? 0;
        }
        else if (reader.ValueTextEquals("deletionGracePeriodSeconds"u8))
        {
            metadata.DeletionGracePeriodSeconds = ReadNumber(ref reader);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static bool TryReadCollection(ref Utf8JsonReader reader, ObjectMetadata metadata)
    {
        if (reader.ValueTextEquals("labels"u8))
        {
            metadata.Labels = ReadTexts(ref reader)!;
        }
        else if (reader.ValueTextEquals("annotations"u8))
        {
            metadata.Annotations = ReadTexts(ref reader)!;
        }
        else if (reader.ValueTextEquals("ownerReferences"u8))
        {
            reader.Read();
            metadata.OwnerReferences = JsonSerializer.Deserialize(ref reader, ObjectForms.Default.OwnerReferenceArray)!;
        }
        else if (reader.ValueTextEquals("finalizers"u8))
        {
            reader.Read();
            metadata.Finalizers = JsonSerializer.Deserialize(ref reader, ObjectForms.Default.StringArray)!;
        }
        else
        {
            return false;
        }

        return true;
    }

    private static Dictionary<string, string>? ReadTexts(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("labels or annotations are no object");
        }

        Dictionary<string, string> result = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = StringPool.Read(ref reader)!;
            result[key] = ReadText(ref reader);
        }

        return result;
    }

    private static string ReadText(ref Utf8JsonReader reader)
    {
        reader.Read();
        return StringPool.Read(ref reader) ?? "";
    }

    private static long? ReadNumber(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.Null ? null : reader.GetInt64();
    }

    private static DateTimeOffset? ReadTime(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.Null ? null : reader.GetDateTimeOffset();
    }
}
