using System.Text.Json;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>Writes the schema of a type: what it holds, in words and in rules for those who merge.</summary>
internal sealed class SchemaWriter(SpecForm form, SchemaTexts texts)
{
    private const int MostValuesInText = 32;

    private static readonly (PatchStrategy Flag, string Word)[] _strategies =
    [
        (PatchStrategy.Merge, "merge"), (PatchStrategy.Replace, "replace"), (PatchStrategy.RetainKeys, "retainKeys"),
    ];

    /// <summary>What references to schemas begin with.</summary>
    public static string Root(SpecForm form) => form == SpecForm.V2 ? "#/definitions/" : "#/components/schemas/";

    public void WriteStruct(Utf8JsonWriter writer, StructType type, IReadOnlyList<GroupVersionKind> kinds)
    {
        writer.WriteStartObject();
        WriteDescription(writer, texts.Of(type));
        writer.WriteString("type", "object");
        WriteNames(writer, "required", type.JsonFields.Where(field => field.IsRequired).Select(field => field.Name));
        if (type.JsonFields.Count > 0)
        {
            writer.WriteStartObject("properties");
            foreach (var field in type.JsonFields)
            {
                writer.WritePropertyName(field.Name);
                WriteProperty(writer, type, field);
            }

            writer.WriteEndObject();
        }

        WriteAtomic(writer, type.IsAtomic);
        if (kinds.Count > 0)
        {
            writer.WriteStartArray(GroupVersionKind.Extension);
            foreach (var kind in kinds)
            {
                kind.WriteTo(writer);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the schema that values of one kind share.</summary>
    public void WriteShared(Utf8JsonWriter writer, string name, ValueKind kind)
    {
        writer.WriteStartObject();
        WriteDescription(writer, SharedTexts.Of(name));
        switch (kind)
        {
            case ValueKind.Quantity when form == SpecForm.V3:
                WriteEither(writer, "string", "number");
                break;
            case ValueKind.IntOrString when form == SpecForm.V3:
                writer.WriteString("format", "int-or-string");
                WriteEither(writer, "integer", "string");
                break;
            case ValueKind.Quantity or ValueKind.Duration:
                writer.WriteString("type", "string");
                break;
            case ValueKind.IntOrString:
                WriteType(writer, "string", "int-or-string");
                break;
            case ValueKind.Time or ValueKind.MicroTime:
                WriteType(writer, "string", "date-time");
                break;
            case ValueKind.RawExtension or ValueKind.FieldsV1:
                writer.WriteString("type", "object");
                break;
        }

        writer.WriteEndObject();
    }

    private static void WriteEither(Utf8JsonWriter writer, params ReadOnlySpan<string> types)
    {
        writer.WriteStartArray("oneOf");
        foreach (var type in types)
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteProperty(Utf8JsonWriter writer, StructType owner, Field field)
    {
        writer.WriteStartObject();
        WriteDescription(writer, Describe(owner, field));
        WriteValue(writer, field.Type, isProperty: true);
        if (field.DefaultJson is { } text)
        {
            writer.WritePropertyName("default");
            writer.WriteRawValue(text);
        }

        WriteMergeRules(writer, field);
        writer.WriteEndObject();
    }

    /// <summary>Values that are known but not the only ones are named in the text: as <c>enum</c> they would be.</summary>
    private string? Describe(StructType owner, Field field)
    {
        var text = texts.Of(owner, field);
        var values = (field.Type.Enum ?? field.Type.Element?.Enum) is { IsClosed: false } known ? known.Values : [];
        return values.Count is 0 or > MostValuesInText
            ? text
            : $"{text} Known values: {string.Join(", ", values.Select(value => value.Length == 0 ? "\"\"" : value))}.".TrimStart();
    }

    private static void WriteMergeRules(Utf8JsonWriter writer, Field field)
    {
        if (field.PatchMergeKey is { } key)
        {
            writer.WriteString("x-kubernetes-patch-merge-key", key);
        }

        if (field.PatchStrategy != default)
        {
            var words = _strategies.Where(s => field.PatchStrategy.HasFlag(s.Flag)).Select(s => s.Word);
            writer.WriteString("x-kubernetes-patch-strategy", string.Join(',', words));
        }
    }

    /// <summary>Writes what a value is, into the object that is open.</summary>
    private void WriteValue(Utf8JsonWriter writer, SchemaType type, bool isProperty)
    {
        switch (type.Kind)
        {
            case ValueKind.Struct:
                WriteReference(writer, SchemaNames.Of(type.Struct!), isProperty);
                WriteOwnSharing(writer, type);
                break;
            case ValueKind.List or ValueKind.StringList:
                WriteList(writer, type);
                break;
            case ValueKind.Map:
                writer.WriteString("type", "object");
                WritePart(writer, "additionalProperties", type.Element!);
                WriteAtomic(writer, type.IsAtomic);
                break;
            default:
                WriteScalar(writer, type, isProperty);
                break;
        }
    }

    /// <summary>Says how owners share a struct here, if the struct itself says otherwise.</summary>
    private static void WriteOwnSharing(Utf8JsonWriter writer, SchemaType type)
    {
        if (type.IsAtomic != type.Struct!.IsAtomic)
        {
            writer.WriteString("x-kubernetes-map-type", type.IsAtomic ? "atomic" : "granular");
        }
    }

    private void WriteReference(Utf8JsonWriter writer, string name, bool isProperty)
    {
        // In OpenAPI 3 whatever stands beside a reference is ignored by its readers, so that of a property, which is described, goes
        // inside.
        var isInside = form == SpecForm.V3 && isProperty;
        if (isInside)
        {
            writer.WriteStartArray("allOf");
            writer.WriteStartObject();
        }

        writer.WriteString("$ref", Root(form) + name);
        if (isInside)
        {
            writer.WriteEndObject();
            writer.WriteEndArray();
        }
    }

    private void WriteList(Utf8JsonWriter writer, SchemaType type)
    {
        writer.WriteString("type", "array");
        WritePart(writer, "items", type.Element!);
        writer.WriteString("x-kubernetes-list-type", type.ListKind switch
        {
            ListKind.Map => "map",
            ListKind.Set => "set",
            _ => "atomic",
        });
        WriteNames(writer, "x-kubernetes-list-map-keys", type.ListKind == ListKind.Map ? type.Keys : []);
    }

    private void WritePart(Utf8JsonWriter writer, string name, SchemaType type)
    {
        writer.WriteStartObject(name);
        WriteValue(writer, type, isProperty: false);
        writer.WriteEndObject();
    }

    private void WriteScalar(Utf8JsonWriter writer, SchemaType type, bool isProperty)
    {
        if (SchemaNames.Of(type.Kind) is { } shared)
        {
            WriteReference(writer, shared, isProperty);
            return;
        }

        var (name, format) = type.Kind switch
        {
            ValueKind.String => ("string", ""),
            ValueKind.Bool => ("boolean", ""),
            ValueKind.Int32 => ("integer", "int32"),
            ValueKind.Int64 => ("integer", "int64"),
            ValueKind.Double => ("number", "double"),
            ValueKind.Bytes => ("string", "byte"),
            _ => ("object", ""),
        };
        WriteType(writer, name, format);
        WriteNames(writer, "enum", type.Enum is { IsClosed: true } known ? known.Values : []);
    }

    private static void WriteType(Utf8JsonWriter writer, string type, string format)
    {
        writer.WriteString("type", type);
        if (format.Length > 0)
        {
            writer.WriteString("format", format);
        }
    }

    private static void WriteDescription(Utf8JsonWriter writer, string? text)
    {
        if (text is not null)
        {
            writer.WriteString("description", text);
        }
    }

    private static void WriteAtomic(Utf8JsonWriter writer, bool isAtomic)
    {
        if (isAtomic)
        {
            writer.WriteString("x-kubernetes-map-type", "atomic");
        }
    }

    private static void WriteNames(Utf8JsonWriter writer, string property, IEnumerable<string> names)
    {
        var isOpen = false;
        foreach (var name in names)
        {
            if (!isOpen)
            {
                writer.WriteStartArray(property);
                isOpen = true;
            }

            writer.WriteStringValue(name);
        }

        if (isOpen)
        {
            writer.WriteEndArray();
        }
    }
}
