using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>
/// A node of the schema of a custom resource: what pruning, defaults, checks and ownership of fields ask of it. Immutable, and safe for
/// use by many threads.
/// </summary>
internal sealed class CustomSchema
{
    private CustomSchema(JsonObject source)
    {
        Type = source.Text("type");
        Format = source.Text("format");
        IsNullable = Flag(source, "nullable");
        PreservesUnknown = Flag(source, "x-kubernetes-preserve-unknown-fields");
        IsEmbeddedResource = Flag(source, "x-kubernetes-embedded-resource");
        IsIntOrString = Flag(source, "x-kubernetes-int-or-string");
        ListType = source.Text("x-kubernetes-list-type");
        ListKeys = [.. source.Items("x-kubernetes-list-map-keys").Select(key => key!.GetValue<string>())];
        IsAtomicMap = source.Text("x-kubernetes-map-type") == "atomic";
        Properties = [.. (source.Part("properties") ?? []).Select(p => KeyValuePair.Create(p.Key, Of((JsonObject)p.Value!)))];
        ByName = Properties.ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);
        Items = source.Part("items") is { } items ? Of(items) : null;
        Additional = source["additionalProperties"] switch
        {
            JsonObject schema => Of(schema),
            JsonValue value when value.TryGetValue<bool>(out var allows) && allows => Anything,
            _ => null,
        };
        Default = source["default"]?.DeepClone();
        HasDefaults = Default is not null || Items?.HasDefaults == true || Additional?.HasDefaults == true
            || Properties.Any(p => p.Value.HasDefaults);
        Values = new ValueRules(source);
    }

    private CustomSchema()
    {
        Type = Format = ListType = "";
        ListKeys = [];
        Properties = [];
        ByName = new Dictionary<string, CustomSchema>(StringComparer.Ordinal);
        PreservesUnknown = true;
        Values = new ValueRules([]);
    }

    /// <summary>The schema of what may be anything.</summary>
    public static CustomSchema Anything { get; } = new();

    /// <summary>The JSON type; empty if any may come.</summary>
    public string Type { get; }

    public string Format { get; }

    public bool IsNullable { get; }

    /// <summary>Whether fields that the schema does not name are kept.</summary>
    public bool PreservesUnknown { get; }

    /// <summary>Whether the value is a whole API object.</summary>
    public bool IsEmbeddedResource { get; }

    public bool IsIntOrString { get; }

    /// <summary>How items of a list are told apart: <c>atomic</c>, <c>set</c>, <c>map</c> or empty.</summary>
    public string ListType { get; }

    /// <summary>The fields that tell items of a map list apart.</summary>
    public IReadOnlyList<string> ListKeys { get; }

    /// <summary>Whether an object has one owner as a whole.</summary>
    public bool IsAtomicMap { get; }

    /// <summary>The named fields, in the order of the definition.</summary>
    public IReadOnlyList<KeyValuePair<string, CustomSchema>> Properties { get; }

    public IReadOnlyDictionary<string, CustomSchema> ByName { get; }

    /// <summary>The schema of a list's items, or null.</summary>
    public CustomSchema? Items { get; }

    /// <summary>The schema of fields that are not named, or null if there are none.</summary>
    public CustomSchema? Additional { get; }

    /// <summary>The default; never handed out but as a copy.</summary>
    public JsonNode? Default { get; }

    /// <summary>Whether this node or one below has a default.</summary>
    public bool HasDefaults { get; }

    /// <summary>What values must be like.</summary>
    public ValueRules Values { get; }

    /// <summary>Reads a schema that was checked when its definition was written.</summary>
    public static CustomSchema Of(JsonObject source) => new(source);

    /// <summary>The schema of a field: a named one, or that of all others, or null.</summary>
    public CustomSchema? OfField(string name) => ByName.GetValueOrDefault(name) ?? Additional;

    private static bool Flag(JsonObject source, string name) =>
        source[name] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;
}
