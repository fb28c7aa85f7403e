using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>
/// The paths of a resource in its group version, with all that can be done there; and the kinds that this needs schemas of.
/// </summary>
internal sealed class ResourcePaths(ResourceInfo info, SchemaSection schemas)
{
    private const string Json = "application/json";

    private static readonly string[] _anyType = ["*/*"];

    private static readonly string[] _streams = ["attach", "exec", "portforward", "proxy"];

    private static readonly string[] _patchTypes =
    [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ];

    // Only the types of built-in kinds know how their lists merge.
    private static readonly string[] _patchTypesOfOthers =
        [.. _patchTypes.Where(type => !type.Contains("strategic", StringComparison.Ordinal))];

    private readonly string _root = info.Group.Length == 0 ? $"/api/{info.Version}" : $"/apis/{info.Group}/{info.Version}";

    private string Scope => info.IsNamespaced ? "Namespaced" : "";

    public IEnumerable<ApiPath> Read()
    {
        schemas.AddKind(info.Type, info.ApiVersion, info.Kind);
        var collection = info.IsNamespaced ? $"{_root}/namespaces/{{namespace}}/{info.Name}" : $"{_root}/{info.Name}";
        if (info.IsNamespaced && Has("list"))
        {
            yield return new ApiPath($"{_root}/{info.Name}", ApiParameter.Common, [List("", "ForAllNamespaces")]);
        }

        yield return new ApiPath(collection, WithScope([]), [.. Collection()]);
        if (Has("get"))
        {
            yield return new ApiPath(collection + "/{name}", WithScope([ApiParameter.ObjectName]), [.. Item()]);
        }

        foreach (var subresource in info.Subresources)
        {
            var operations = subresource.Verbs.Select(verb => Subresource(subresource, verb));
            yield return new ApiPath($"{collection}/{{name}}/{subresource.Name}", WithScope([ApiParameter.ObjectName]), [.. operations]);
        }
    }

    private bool Has(string verb) => info.Verbs.Contains(verb);

    private IReadOnlyList<ApiParameter> WithScope(IEnumerable<ApiParameter> own) =>
        [.. own, .. info.IsNamespaced ? [ApiParameter.Namespace] : Array.Empty<ApiParameter>(), .. ApiParameter.Common];

    private IEnumerable<ApiOperation> Collection()
    {
        if (Has("list"))
        {
            yield return List(Scope, "");
        }

        if (Has("create"))
        {
            yield return Create(Kind, "", SchemaNames.Of(info.Type));
        }

        if (Has("deletecollection"))
        {
            yield return Delete("deletecollection", "Collection", "Deletes all objects that the selectors name.") with
            {
                Parameters = ApiParameter.DeleteCollection,
            };
        }
    }

    private IEnumerable<ApiOperation> Item()
    {
        foreach (var verb in info.Verbs)
        {
            if (verb == "delete")
            {
                yield return Delete("delete", "", $"Deletes the {info.Kind}.");
            }
            else if (verb is "get" or "update" or "patch")
            {
                yield return Single(verb, Kind, "", SchemaNames.Of(info.Type));
            }
        }
    }

    private GroupVersionKind Kind => GroupVersionKind.Of(info.ApiVersion, info.Kind);

    private ApiOperation Subresource(SubresourceInfo subresource, string verb)
    {
        var part = char.ToUpperInvariant(subresource.Name[0]) + subresource.Name[1..];
        if (subresource.Name == "log" || _streams.Contains(subresource.Name))
        {
            // With a kind of their own: a PATCH through a proxy must not pass for one of the object.
            var options = subresource.Kind is { } own ? GroupVersionKind.Of(subresource.ApiVersion ?? info.ApiVersion, own) : Kind;
            return Stream(verb, options, part, subresource.Name == "log");
        }

        var apiVersion = subresource.ApiVersion ?? info.ApiVersion;
        var kind = subresource.Kind ?? info.Kind;
        var type = subresource.Kind is null
            ? info.Type
            : SchemaCatalog.BuiltIn.FindKind(apiVersion, kind) ?? throw new InvalidOperationException($"no type of {apiVersion} {kind}");
        schemas.AddKind(type, apiVersion, kind);
        var schema = SchemaNames.Of(type);
        return verb == "create"
            ? Create(GroupVersionKind.Of(apiVersion, kind), part, schema)
            : Single(verb, GroupVersionKind.Of(apiVersion, kind), part, schema);
    }

    private ApiOperation List(string scope, string suffix)
    {
        var name = info.Kind + "List";
        if (SchemaCatalog.BuiltIn.FindKind(info.ApiVersion, name) is { } list)
        {
            schemas.AddKind(list, info.ApiVersion, name);
            name = SchemaNames.Of(list);
        }

        return new ApiOperation
        {
            Method = "get",
            Action = "list",
            Id = $"list{GroupName}{scope}{info.Kind}{suffix}",
            Text = $"Lists or watches {info.Kind} objects.",
            Kind = Kind,
            Parameters = ApiParameter.List,
            AnswerSchema = name,
        };
    }

    private ApiOperation Create(GroupVersionKind kind, string part, string schema) => new()
    {
        Method = "post",
        Action = "post",
        Id = $"create{GroupName}{Scope}{info.Kind}{part}",
        Text = part.Length == 0 ? $"Creates a {info.Kind}." : $"Creates a {kind.Kind} for the {info.Kind}.",
        Kind = kind,
        Parameters = ApiParameter.Write,
        BodySchema = schema,
        BodyTypes = _anyType,
        AnswerSchema = schema,
        Codes = [200, 201, 202],
    };

    private ApiOperation Single(string verb, GroupVersionKind kind, string part, string schema)
    {
        var what = part.Length == 0 ? $"the {info.Kind}" : $"the {info.Kind}'s {part.ToLowerInvariant()}";
        return verb switch
        {
            "get" => Operation("get", "read", $"Reads {what}."),
            "update" => Operation("put", "replace", $"Replaces {what}.") with
            {
                Parameters = ApiParameter.Write,
                BodySchema = schema,
                BodyTypes = _anyType,
                Codes = [200, 201],
            },
            "patch" => Operation("patch", "patch", $"Changes parts of {what}.") with
            {
                Parameters = ApiParameter.Patch,
                BodySchema = SchemaNames.Patch,
                BodyTypes = SchemaCatalog.BuiltIn.FindKind(info.ApiVersion, info.Kind) is null ? _patchTypesOfOthers : _patchTypes,
                Codes = [200, 201],
            },
            _ => throw new InvalidOperationException($"{info.Name}: {verb} has no operation"),
        };

        ApiOperation Operation(string method, string word, string text) => new()
        {
            Method = method,
            Action = method,
            Id = $"{word}{GroupName}{Scope}{info.Kind}{part}",
            Text = text,
            Kind = kind,
            AnswerSchema = schema,
        };
    }

    private ApiOperation Delete(string action, string part, string text)
    {
        var options = SchemaCatalog.BuiltIn.GetStruct("meta/v1.DeleteOptions");
        var status = SchemaCatalog.BuiltIn.GetStruct("meta/v1.Status");
        schemas.AddKind(options, info.ApiVersion, "DeleteOptions");
        schemas.AddKind(status, "v1", "Status");
        return new ApiOperation
        {
            Method = "delete",
            Action = action,
            Id = $"delete{GroupName}{part}{Scope}{info.Kind}",
            Text = text,
            Kind = Kind,
            Parameters = ApiParameter.Delete,
            BodySchema = SchemaNames.Of(options),
            BodyTypes = _anyType,
            AnswerSchema = SchemaNames.Of(status),
            Codes = action == "delete" ? [200, 202] : [200],
        };
    }

    private ApiOperation Stream(string verb, GroupVersionKind kind, string part, bool isLog)
    {
        var method = verb switch { "create" => "post", "update" => "put", _ => verb };
        return new ApiOperation
        {
            Method = method,
            Action = isLog ? "get" : "connect",
            Id = $"{(isLog ? "read" : "connect" + char.ToUpperInvariant(method[0]) + method[1..])}{GroupName}{Scope}{info.Kind}{part}",
            Text = isLog ? "Reads or follows what a container writes." : $"Connects to the {info.Kind}'s {part.ToLowerInvariant()}.",
            Kind = kind,
            AnswerTypes = isLog ? ["text/plain", Json] : _anyType,
        };
    }

    /// <summary>Group and version as part of a name: <c>AppsV1</c>, <c>RbacAuthorizationV1</c>.</summary>
    private string GroupName
    {
        get
        {
            var group = info.Group.Length == 0 ? "core" : info.Group.Replace(".k8s.io", "", StringComparison.Ordinal);
            return string.Concat($"{group}.{info.Version}".Split('.', '-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
        }
    }
}
