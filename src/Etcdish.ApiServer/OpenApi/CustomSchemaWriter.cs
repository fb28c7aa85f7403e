using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>Writes the schema of a custom resource: its definition's, with what all objects have.</summary>
internal static class CustomSchemaWriter
{
    private const string VersionText = "The group and version of the schema that this object is written in.";
    private const string KindText = "What the object is, in CamelCase.";
    private const string MetadataText = "Name, labels and what else all objects have.";

    /// <summary>The type of every object's metadata.</summary>
    public static StructType Metadata { get; } = SchemaCatalog.BuiltIn.GetStruct("meta/v1.ObjectMeta");

    public static void Write(Utf8JsonWriter writer, SpecForm form, JsonObject source, IReadOnlyList<GroupVersionKind> kinds)
    {
        var schema = (JsonObject)source.DeepClone();
        if (form == SpecForm.V2 && IsFree(schema))
        {
            // Old clients take a schema with fields for one that has no others.
            schema = new JsonObject { ["type"] = "object" };
        }
        else
        {
            AddObjectFields(schema, form);
        }

        writer.WriteStartObject();
        foreach (var (name, content) in schema)
        {
            writer.WritePropertyName(name);
            content!.WriteTo(writer);
        }

        writer.WriteStartArray(GroupVersionKind.Extension);
        foreach (var kind in kinds)
        {
            kind.WriteTo(writer);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static bool IsFree(JsonObject schema) => schema["x-kubernetes-preserve-unknown-fields"] is not null;

    private static void AddObjectFields(JsonObject schema, SpecForm form)
    {
        var properties = schema.Ensure("properties");
        properties["apiVersion"] = new JsonObject { ["description"] = VersionText, ["type"] = "string" };
        properties["kind"] = new JsonObject { ["description"] = KindText, ["type"] = "string" };
        var reference = new JsonObject { ["$ref"] = SchemaWriter.Root(form) + SchemaNames.Of(Metadata) };
        properties["metadata"] = form == SpecForm.V2
            ? reference
            : new JsonObject { ["allOf"] = new JsonArray(reference), ["description"] = MetadataText };
        foreach (var (name, property) in properties)
        {
            if (name is not ("apiVersion" or "kind" or "metadata"))
            {
                AddToEmbedded(property as JsonObject, form);
            }
        }
    }

    private static void AddToEmbedded(JsonObject? schema, SpecForm form)
    {
        if (schema is null)
        {
            return;
        }

        if (schema["x-kubernetes-embedded-resource"] is not null && !(form == SpecForm.V2 && IsFree(schema)))
        {
            AddObjectFields(schema, form);
            return;
        }

        foreach (var (_, property) in schema.Part("properties") ?? [])
        {
            AddToEmbedded(property as JsonObject, form);
        }

        AddToEmbedded(schema.Part("items"), form);
        AddToEmbedded(schema.Part("additionalProperties"), form);
    }
}
