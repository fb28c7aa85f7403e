using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Extensions;

/// <summary>One version of a custom resource, as its definition describes it. Immutable.</summary>
internal sealed class CustomVersion
{
    private CustomVersion(JsonObject source, JsonObject schema, string group, string kind)
    {
        Name = source.Text("name");
        IsServed = source["served"]?.GetValue<bool>() ?? false;
        IsStorage = source["storage"]?.GetValue<bool>() ?? false;
        Source = source;
        SchemaSource = schema;
        Schema = CustomSchema.Of(schema);
        PreservesUnknown = Schema.PreservesUnknown;
        Stamp = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(schema.ToJsonString())), 0, 8);
        var name = $"{group}/{Name}.{kind}";
        ReadingType = SchemaTypes.ForReading(name);
        Type = SchemaTypes.ForOwnership(name, Schema);
    }

    /// <summary>The version, such as <c>v1</c>.</summary>
    public string Name { get; }

    public bool IsServed { get; }

    /// <summary>Whether objects are stored in this version.</summary>
    public bool IsStorage { get; }

    /// <summary>The version as the definition has it.</summary>
    public JsonObject Source { get; }

    /// <summary>The schema as the definition has it; not to be changed.</summary>
    public JsonObject SchemaSource { get; }

    public CustomSchema Schema { get; }

    public bool PreservesUnknown { get; }

    /// <summary>Tells schemas apart: objects are stored with the stamp of the schema that they were written under.</summary>
    public string Stamp { get; }

    /// <summary>The type by which bodies are read.</summary>
    public StructType ReadingType { get; }

    /// <summary>The type by which owners of fields are told apart.</summary>
    public StructType Type { get; }

    public static CustomVersion Of(JsonObject definition, JsonObject version)
    {
        var spec = definition.Part("spec");
        var schema = version.Part("schema").Part("openAPIV3Schema") ?? new JsonObject { ["type"] = "object" };
        return new CustomVersion(version, schema, spec.Text("group"), spec.Part("names").Text("kind"));
    }

    /// <summary>Takes away what the schema does not know; returns the paths of it.</summary>
    public IReadOnlyList<string> Prune(JsonObject value)
    {
        var unknown = new List<string>();
        SchemaPruner.PruneRoot(value, Schema, unknown);
        return unknown;
    }

    public void ApplyDefaults(JsonObject value) => SchemaDefaults.Apply(value, Schema);

    public void Validate(JsonObject value, JsonObject? stored, List<FieldError> errors)
    {
        errors.AddRange(SchemaValidator.Check(value, stored, Schema));
        var duplicates = ListKeyChecks.Check(value, Schema);
        if (duplicates.Count > 0 && (stored is null || ListKeyChecks.Check(stored, Schema).Count == 0))
        {
            errors.AddRange(duplicates);
        }
    }
}
