using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>
/// The OpenAPI v3 document of a group version. kubectl reads two things: which kinds can be patched with field validation (in the paths,
/// else it refuses to apply), and how fields merge and what they are (in the schemas).
/// </summary>
internal static class OpenApiDocument
{
    private const string AnyContent = "*/*";
    private const string PatchTypes = "application/strategic-merge-patch+json";

    public static JsonObject Build(string path, IReadOnlyList<ResourceType> types)
    {
        var schemas = new SchemaSection();
        var paths = new JsonObject();
        foreach (var type in types)
        {
            AddPaths(paths, "/" + path, type, schemas);
        }

        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "v1.35.0+etcdish" },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.Build() },
        };
    }

    private static void AddPaths(JsonObject paths, string root, ResourceType type, SchemaSection schemas)
    {
        var info = type.Info;
        var collection = info.IsNamespaced ? $"{root}/namespaces/{{namespace}}/{info.Name}" : $"{root}/{info.Name}";
        var item = collection + "/{name}";
        schemas.AddKind(info);
        paths[collection] = Operations(info, [("get", "list"), ("post", "create")]);
        paths[item] = Operations(info, [("get", "get"), ("put", "update"), ("patch", "patch"), ("delete", "delete")]);
        foreach (var subresource in info.Subresources)
        {
            paths[$"{item}/{subresource.Name}"] = Operations(
                info,
                [.. new[] { ("get", "get"), ("put", "update"), ("patch", "patch") }.Where(o => subresource.Verbs.Contains(o.Item2))]);
        }
    }

    private static JsonObject Operations(ResourceInfo info, IReadOnlyList<(string Method, string Action)> operations)
    {
        var result = new JsonObject();
        foreach (var (method, action) in operations.Where(o => info.Verbs.Contains(o.Action)))
        {
            result[method] = Operation(info, method, action);
        }

        return result;
    }

    private static JsonObject Operation(ResourceInfo info, string method, string action)
    {
        var operation = new JsonObject
        {
            ["responses"] = new JsonObject { ["200"] = Content("OK", info, ApiContent) },
            ["x-kubernetes-action"] = action == "create" ? "post" : method == "put" ? "put" : action,
            ["x-kubernetes-group-version-kind"] = SchemaSection.GroupVersionKind(info.ApiVersion, info.Kind),
        };
        var parameters = new JsonArray();
        if (method is "post" or "put" or "patch")
        {
            foreach (var name in new[] { "dryRun", "fieldManager", "fieldValidation" })
            {
                parameters.Add(Parameter(name));
            }

            operation["requestBody"] = Content("", info, method == "patch" ? PatchTypes : AnyContent);
        }

        if (parameters.Count > 0)
        {
            operation["parameters"] = parameters;
        }

        return operation;
    }

    private const string ApiContent = "application/json";

    private static JsonObject Parameter(string name) => new()
    {
        ["name"] = name,
        ["in"] = "query",
        ["schema"] = new JsonObject { ["type"] = "string", ["uniqueItems"] = true },
    };

    private static JsonObject Content(string description, ResourceInfo info, string mediaType)
    {
        var content = new JsonObject
        {
            ["content"] = new JsonObject
            {
                [mediaType] = new JsonObject { ["schema"] = SchemaSection.Reference(info.Type.Name) },
            },
        };
        if (description.Length > 0)
        {
            content["description"] = description;
        }

        return content;
    }
}
