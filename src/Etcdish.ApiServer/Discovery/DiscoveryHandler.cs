using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Discovery;

/// <summary>Answers <c>/api</c>, <c>/apis</c> and what lies between them and resources.</summary>
internal sealed class DiscoveryHandler(ResourceDirectory resources)
{
    private const string AggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private volatile Made? _made;

    /// <summary>Answers the request, or says by null that the path is none of discovery's.</summary>
    /// <param name="http">The request.</param>
    /// <param name="parts">The parts of its path.</param>
    public Task? TryHandle(HttpContext http, string[] parts)
    {
        var documents = parts is ["api", ..] or ["apis", ..] ? Documents() : null!;
        return parts switch
        {
            ["api"] => Root(http, documents.AggregatedCore, DiscoveryDocuments.CoreVersions(http.Request.Host.Value ?? "")),
            ["apis"] => Root(http, documents.AggregatedGroups, documents.Groups()),
            ["api", var version] => Send(http, documents.Resources("", version)),
            ["apis", var group] => Send(http, documents.Group(group)),
            ["apis", var group, var version] => Send(http, documents.Resources(group, version)),
            _ => null,
        };
    }

    /// <summary>The documents of what is served now.</summary>
    private DiscoveryDocuments Documents()
    {
        var current = resources.Current;
        if (_made is not { } made || made.Of != current)
        {
            _made = made = new Made(current, new DiscoveryDocuments(current));
        }

        return made.Documents;
    }

    private static Task Root(HttpContext http, TaggedDocument aggregated, JsonObject legacy)
    {
        RequireGet(http);
        http.Response.Headers.Append("Vary", "Accept");
        return WantsAggregated(http.Request.Headers.Accept.ToString())
            ? SendTaggedAsync(http, aggregated, AggregatedType)
            : Send(http, legacy);
    }

    /// <summary>Sends a document unless the client has it.</summary>
    public static Task SendTaggedAsync(HttpContext http, TaggedDocument document, string contentType)
    {
        http.Response.Headers.ETag = document.Tag;
        if (http.Request.Headers.IfNoneMatch.ToString().Contains(document.Tag, StringComparison.Ordinal))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        return ApiResponse.SendAsync(http, StatusCodes.Status200OK, document.Body, contentType);
    }

    private static Task Send(HttpContext http, JsonObject? document)
    {
        RequireGet(http);
        return document is null
            ? throw ApiErrors.PathNotFound()
            : ApiResponse.SendAsync(http, StatusCodes.Status200OK, ApiJson.Write(document));
    }

    private static void RequireGet(HttpContext http)
    {
        if (!HttpMethods.IsGet(http.Request.Method))
        {
            throw ApiErrors.MethodNotAllowed();
        }
    }

    /// <summary>Whether the first entry that can be served asks for the aggregated form.</summary>
    private static bool WantsAggregated(string accept)
    {
        foreach (var type in MediaType.ParseList(accept))
        {
            if (type.Name is not ("application/json" or "*/*" or "application/*"))
            {
                continue;
            }

            if (type["as"].Length == 0)
            {
                return false;
            }

            if (type["as"] == "APIGroupDiscoveryList" && type["g"] == "apidiscovery.k8s.io" && type["v"] == "v2")
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Made(ResourceSet Of, DiscoveryDocuments Documents);
}
