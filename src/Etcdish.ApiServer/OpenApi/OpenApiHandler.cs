using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Discovery;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>Answers <c>/openapi/v3</c>: the index, and a document for each group version, made when the first client asks for it.</summary>
internal sealed class OpenApiHandler(ResourceDirectory resources)
{
    private const string Root = "/openapi/v3";

    private readonly ConcurrentDictionary<string, Lazy<TaggedDocument>> _documents = new(StringComparer.Ordinal);

    /// <summary>Answers the request, or says by null that the path is another's.</summary>
    public Task? TryHandle(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "";
        if (path != Root && !path.StartsWith(Root + "/", StringComparison.Ordinal))
        {
            return null;
        }

        if (!HttpMethods.IsGet(http.Request.Method))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        return path.Length == Root.Length
            ? ApiResponse.SendAsync(http, StatusCodes.Status200OK, ApiJson.Write(Index()))
            : DiscoveryHandler.SendTaggedAsync(http, Find(path[(Root.Length + 1)..]) ?? throw ApiErrors.PathNotFound(), ApiResponse.Json);
    }

    private static string PathOf(ResourceType type) =>
        type.Info.Group.Length == 0 ? $"api/{type.Info.Version}" : $"apis/{type.Info.Group}/{type.Info.Version}";

    private JsonObject Index()
    {
        var paths = new JsonObject();
        foreach (var path in resources.All.Select(PathOf).Distinct())
        {
            var hash = Find(path)!.Tag.Trim('"');
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"{Root}/{path}?hash={hash}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    private TaggedDocument? Find(string path)
    {
        var types = resources.All.Where(type => PathOf(type) == path).ToArray();
        return types.Length == 0
            ? null
            : _documents.GetOrAdd($"{(types.All(type => type.Custom is null) ? 0 : resources.Current.Version)} {path}", _ => new Lazy<TaggedDocument>(() => TaggedDocument.Of(OpenApiDocument.Build(path, types)))).Value;
    }
}
