using Etcdish.ApiServer.Http;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Security;

/// <summary>What somebody wants to do: something with a resource, or with a path that is none.</summary>
/// <param name="User">Who.</param>
/// <param name="Verb">A verb of the API for resources, such as <c>list</c>; the method in small letters for other paths.</param>
internal sealed record AccessRequest(RequestUser User, string Verb)
{
    /// <summary>The path, if it is not a resource's.</summary>
    public string Path { get; init; } = "";

    public string Group { get; init; } = "";

    public string Version { get; init; } = "";

    /// <summary>The resource; empty for other paths.</summary>
    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>What a list or watch is narrowed to by fields, as it stands in the query.</summary>
    public string FieldSelector { get; init; } = "";

    public bool IsForResource => Resource.Length > 0;

    /// <summary>
    /// Reads what a request wants, by the same cut of the path by which it finds its handler: the two cannot disagree about what that is.
    /// </summary>
    public static AccessRequest Of(HttpContext http, RequestUser user)
    {
        var request = http.Request;
        var path = request.Path.Value ?? "";
        if (!TryFindResource(path, out var parts))
        {
            return new AccessRequest(user, request.Method.ToLowerInvariant()) { Path = path };
        }

        // A namespace is the scope of itself, so that a role in it can allow to read it.
        var isNamespace = parts is { Group: "", Resource: "namespaces", Name.Length: > 0 };
        return new AccessRequest(user, VerbOf(request, parts.Name.Length > 0))
        {
            Group = parts.Group,
            Version = parts.Version,
            Resource = parts.Resource,
            Subresource = parts.Subresource,
            Namespace = isNamespace ? parts.Name : parts.Namespace,
            Name = parts.Name.Length > 0 ? parts.Name : SelectedName(request),
            FieldSelector = parts.Name.Length == 0 && HttpMethods.IsGet(request.Method)
                ? QueryValues.Text(request.Query, "fieldSelector")
                : "",
        };
    }

    /// <summary>The answer to somebody who may not do this.</summary>
    /// <param name="reason">Why not, if there is more to say than that nothing allows it.</param>
    public ApiException Refuse(string reason = "")
    {
        var what = Describe();
        var message = reason.Length == 0 ? what : $"{what}: {reason}";
        if (!IsForResource)
        {
            return new ApiException(403, "Forbidden", $"forbidden: {message}") { Kind = "" };
        }

        var resource = Group.Length == 0 ? Resource : $"{Resource}.{Group}";
        var subject = Name.Length == 0 ? resource : $"{resource} \"{Name}\"";
        return new ApiException(403, "Forbidden", $"{subject} is forbidden: {message}") { Name = Name, Group = Group, Kind = Resource };
    }

    private string Describe()
    {
        var text = $"User \"{User.Name}\" cannot {Verb} path \"{Path}\"";
        if (IsForResource)
        {
            var resource = Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";
            var scope = Namespace.Length == 0 ? "at the cluster scope" : $"in the namespace \"{Namespace}\"";
            text = $"User \"{User.Name}\" cannot {Verb} resource \"{resource}\" in API group \"{Group}\" {scope}";
        }

        // What came with the request must not look like HTML to whoever shows it.
        return text.Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
    }

    /// <summary>Cuts a path; what lies behind a subresource is its own, so that the path is judged without it.</summary>
    private static bool TryFindResource(string path, out RequestPath parts)
    {
        while (!RequestPath.TryParse(path, out parts))
        {
            var end = path.LastIndexOf('/');
            if (end <= 0)
            {
                return false;
            }

            path = path[..end];
        }

        return true;
    }

    private static string VerbOf(HttpRequest request, bool hasName) => request.Method switch
    {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => hasName ? "delete" : "deletecollection",
        "GET" or "HEAD" => hasName ? "get" : IsWatch(request) ? "watch" : "list",
        _ => "",
    };

    private static bool IsWatch(HttpRequest request) =>
        request.Query.TryGetValue("watch", out var values) && values[0]?.ToUpperInvariant() is not ("FALSE" or "F" or "0");

    /// <summary>The one object that a list or watch can show, by its field selector.</summary>
    private static string SelectedName(HttpRequest request)
    {
        if (!HttpMethods.IsGet(request.Method) || QueryValues.Text(request.Query, "fieldSelector") is not { Length: > 0 } text)
        {
            return "";
        }

        try
        {
            var name = Kubernetes.FieldSelector.Parse(text).RequiredValue("metadata.name") ?? "";
            return NameRules.PathSegment(name).Count == 0 ? name : "";
        }
        catch (SelectorException)
        {
            // Whoever lists will say so.
            return "";
        }
    }
}
