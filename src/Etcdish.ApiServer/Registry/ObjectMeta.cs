using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Registry;

/// <summary>Reads and sets what every object has.</summary>
internal static class ObjectMeta
{
    public static JsonObject Metadata(this JsonObject value)
    {
        if (value["metadata"] is JsonObject metadata)
        {
            return metadata;
        }

        metadata = [];
        value["metadata"] = metadata;
        return metadata;
    }

    /// <summary>A text field; empty if it is absent.</summary>
    public static string Text(this JsonObject? value, string field) =>
        value?[field] is JsonValue node && node.TryGetValue<string>(out var text) ? text : "";

    /// <summary>A whole number, or null.</summary>
    public static long? Number(this JsonObject? value, string field) =>
        value?[field] is JsonValue node && node.TryGetValue<long>(out var number) ? number : null;

    /// <summary>An object within, or null.</summary>
    public static JsonObject? Part(this JsonObject? value, string field) => value?[field] as JsonObject;

    /// <summary>A list within; empty if it is absent.</summary>
    public static IEnumerable<JsonNode?> Items(this JsonObject? value, string field) => value?[field] as JsonArray ?? [];

    /// <summary>An object within, made if it is absent.</summary>
    public static JsonObject Ensure(this JsonObject value, string field)
    {
        if (value[field] is JsonObject part)
        {
            return part;
        }

        part = [];
        value[field] = part;
        return part;
    }

    /// <summary>Adds to a list, made if it is absent.</summary>
    public static void Append(this JsonObject value, string field, JsonNode item)
    {
        if (value[field] is JsonArray list)
        {
            list.Add(item);
        }
        else
        {
            value[field] = new JsonArray(item);
        }
    }

    /// <summary>Sets a field unless it is there.</summary>
    public static void Default(this JsonObject value, string field, JsonNode content)
    {
        if (value[field] is null)
        {
            value[field] = content;
        }
    }

    public static string Name(this JsonObject value) => value.Part("metadata").Text("name");

    public static string Namespace(this JsonObject value) => value.Part("metadata").Text("namespace");

    public static string Uid(this JsonObject value) => value.Part("metadata").Text("uid");

    public static bool IsBeingDeleted(this JsonObject value) => value.Part("metadata").Text("deletionTimestamp").Length > 0;

    public static bool HasFinalizers(this JsonObject value) => value.Part("metadata").Items("finalizers").Any();

    /// <summary>Copies a field from another object, or removes it if that has none.</summary>
    public static void CopyFrom(this JsonObject target, JsonObject? source, string field)
    {
        if (source?[field] is { } value)
        {
            target[field] = value.DeepClone();
        }
        else
        {
            target.Remove(field);
        }
    }

    /// <summary>Brings kind, apiVersion and metadata to the front, as the store wants it.</summary>
    public static JsonObject InStoredOrder(this JsonObject value, string kind, string apiVersion)
    {
        var metadata = value.Metadata();
        value.Remove("metadata");
        value.Remove("kind");
        value.Remove("apiVersion");
        metadata.Remove("resourceVersion");
        metadata.Remove("selfLink");
        value.Insert(0, "kind", kind);
        value.Insert(1, "apiVersion", apiVersion);
        value.Insert(2, "metadata", metadata);
        return value;
    }
}
