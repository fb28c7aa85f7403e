using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Extensions;

/// <summary>The schema of a custom resource as types by which owners of fields are told apart.</summary>
internal static class SchemaTypes
{
    private static readonly SchemaType _metadata = SchemaType.Object(SchemaCatalog.BuiltIn.GetStruct("meta/v1.ObjectMeta"));

    /// <summary>
    /// The type by which bodies are read: metadata is checked and the rest taken as it is, for the schema has better words for it.
    /// </summary>
    public static StructType ForReading(string name) => new(name, Header(), additional: SchemaType.Deduced);

    /// <summary>The type of whole objects.</summary>
    public static StructType ForOwnership(string name, CustomSchema schema)
    {
        var fields = schema.Properties.Where(p => p.Key is not ("apiVersion" or "kind" or "metadata"))
            .Select(p => MakeField(p.Key, p.Value, $"{name}.{p.Key}"));
        return new StructType(name, [.. Header(), .. fields], additional: schema.PreservesUnknown ? SchemaType.Deduced : null);
    }

    private static Field[] Header() =>
        [new("apiVersion", SchemaType.String), new("kind", SchemaType.String), new("metadata", _metadata)];

    private static Field MakeField(string name, CustomSchema schema, string path) => new(name, Convert(schema, path))
    {
        IsPointer = true,
        IsNullable = schema.IsNullable,
        DefaultJson = schema.Default?.ToJsonString(),
    };

    private static SchemaType Convert(CustomSchema schema, string name)
    {
        if (schema.IsIntOrString || schema.IsEmbeddedResource)
        {
            return SchemaType.Deduced;
        }

        return schema.Type switch
        {
            "object" when schema.Properties.Count > 0 => Struct(schema, name),
            "object" when schema.Additional is { } element => SchemaType.MapOf(Convert(element, name), schema.IsAtomicMap),
            "object" when schema.IsAtomicMap => SchemaType.MapOf(SchemaType.Deduced, isAtomic: true),
            "array" when schema.Items is { } item => schema.ListType switch
            {
                "map" => SchemaType.ListOf(Convert(item, name), ListKind.Map, schema.ListKeys),
                "set" => SchemaType.ListOf(Convert(item, name), ListKind.Set),
                _ => SchemaType.ListOf(Convert(item, name)),
            },
            _ => SchemaType.Deduced,
        };
    }

    private static SchemaType Struct(CustomSchema schema, string name)
    {
        var additional = schema.PreservesUnknown ? SchemaType.Deduced : null;
        var fields = schema.Properties.Select(p => MakeField(p.Key, p.Value, $"{name}.{p.Key}"));
        return SchemaType.Object(new StructType(name, fields, schema.IsAtomicMap, additional));
    }
}
