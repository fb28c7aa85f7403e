using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>The schemas of a document: the kinds that are added, and all types that they use.</summary>
internal sealed class SchemaSection
{
    private readonly SortedDictionary<string, JsonObject> _schemas = new(StringComparer.Ordinal);
    private readonly Queue<StructType> _waiting = new();

    public static JsonObject Reference(string typeName) => new() { ["$ref"] = $"#/components/schemas/{Name(typeName)}" };

    public static JsonObject GroupVersionKind(string apiVersion, string kind)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return new JsonObject
        {
            ["group"] = slash < 0 ? "" : apiVersion[..slash],
            ["kind"] = kind,
            ["version"] = apiVersion[(slash + 1)..],
        };
    }

    public void AddKind(ResourceInfo info)
    {
        Add(info.Type);
        while (_waiting.TryDequeue(out var type))
        {
            Fill(type);
        }

        _schemas[Name(info.Type.Name)]["x-kubernetes-group-version-kind"] = new JsonArray(GroupVersionKind(info.ApiVersion, info.Kind));
    }

    public JsonObject Build()
    {
        var result = new JsonObject();
        foreach (var (name, schema) in _schemas)
        {
            result[name] = schema;
        }

        return result;
    }

    /// <summary>Our name <c>apps/v1.DeploymentSpec</c> as clients know it.</summary>
    private static string Name(string typeName)
    {
        var name = typeName.Replace('/', '.');
        return name.StartsWith("meta.", StringComparison.Ordinal)
            ? $"io.k8s.apimachinery.pkg.apis.{name}"
            : $"io.k8s.api.{name}";
    }

    private void Add(StructType type)
    {
        if (_schemas.TryAdd(Name(type.Name), new JsonObject { ["type"] = "object" }))
        {
            _waiting.Enqueue(type);
        }
    }

    private void Fill(StructType type)
    {
        var properties = new JsonObject();
        foreach (var field in type.JsonFields)
        {
            properties[field.Name] = Property(field);
        }

        var schema = _schemas[Name(type.Name)];
        if (properties.Count > 0)
        {
            schema["properties"] = properties;
        }

        var required = type.JsonFields.Where(field => field.IsRequired).Select(field => (JsonNode)field.Name).ToArray();
        if (required.Length > 0)
        {
            schema["required"] = new JsonArray(required);
        }

        if (type.IsAtomic)
        {
            schema["x-kubernetes-map-type"] = "atomic";
        }
    }

    private JsonObject Property(Field field)
    {
        var schema = Value(field.Type);
        if (schema.ContainsKey("$ref"))
        {
            // Whatever stands beside a reference is ignored by its readers, so the reference goes inside.
            schema = new JsonObject { ["allOf"] = new JsonArray(schema) };
        }

        if (field.DefaultJson is { } text)
        {
            schema["default"] = JsonNode.Parse(text);
        }

        AddMergeRules(schema, field);
        return schema;
    }

    private static void AddMergeRules(JsonObject schema, Field field)
    {
        var strategies = new List<string>();
        foreach (var (flag, word) in new[]
        {
            (PatchStrategy.Merge, "merge"), (PatchStrategy.Replace, "replace"), (PatchStrategy.RetainKeys, "retainKeys"),
        })
        {
            if (field.PatchStrategy.HasFlag(flag))
            {
                strategies.Add(word);
            }
        }

        if (strategies.Count > 0)
        {
            schema["x-kubernetes-patch-strategy"] = string.Join(',', strategies);
        }

        if (field.PatchMergeKey is { } key)
        {
            schema["x-kubernetes-patch-merge-key"] = key;
        }
    }

    private JsonObject Value(SchemaType type)
    {
        switch (type.Kind)
        {
            case ValueKind.Struct:
                Add(type.Struct!);
                return Reference(type.Struct!.Name);
            case ValueKind.List:
                return List(type);
            case ValueKind.Map:
                var map = new JsonObject { ["type"] = "object", ["additionalProperties"] = Value(type.Element!) };
                if (type.IsAtomic)
                {
                    map["x-kubernetes-map-type"] = "atomic";
                }

                return map;
            case ValueKind.StringList:
                return new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" } };
            default:
                return Scalar(type);
        }
    }

    private JsonObject List(SchemaType type)
    {
        var list = new JsonObject { ["type"] = "array", ["items"] = Value(type.Element!) };
        list["x-kubernetes-list-type"] = type.ListKind switch
        {
            ListKind.Map => "map",
            ListKind.Set => "set",
            _ => "atomic",
        };
        if (type.ListKind == ListKind.Map)
        {
            list["x-kubernetes-list-map-keys"] = new JsonArray([.. type.Keys.Select(key => (JsonNode)key)]);
        }

        return list;
    }

    private static JsonObject Scalar(SchemaType type) => type.Kind switch
    {
        ValueKind.String => new JsonObject { ["type"] = "string" },
        ValueKind.Bool => new JsonObject { ["type"] = "boolean" },
        ValueKind.Int32 => new JsonObject { ["type"] = "integer", ["format"] = "int32" },
        ValueKind.Int64 => new JsonObject { ["type"] = "integer", ["format"] = "int64" },
        ValueKind.Double => new JsonObject { ["type"] = "number", ["format"] = "double" },
        ValueKind.Bytes => new JsonObject { ["type"] = "string", ["format"] = "byte" },
        ValueKind.Time or ValueKind.MicroTime => new JsonObject { ["type"] = "string", ["format"] = "date-time" },
        ValueKind.Duration => new JsonObject { ["type"] = "string" },
        ValueKind.IntOrString => new JsonObject { ["type"] = "string", ["format"] = "int-or-string" },
        ValueKind.Quantity => new JsonObject
        {
            ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "string" }, new JsonObject { ["type"] = "number" }),
        },
        _ => new JsonObject { ["type"] = "object" },
    };
}
