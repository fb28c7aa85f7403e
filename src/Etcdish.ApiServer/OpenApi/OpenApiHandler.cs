using System.Globalization;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>
/// Answers <c>/openapi/v3</c>, an index and a document for each group version, and <c>/openapi/v2</c>, one document that old clients take
/// as JSON or protobuf.
/// </summary>
internal sealed class OpenApiHandler(ResourceDirectory resources, TimeProvider clock)
{
    private const string V2Root = "/openapi/v2";
    private const string ProtobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    private const string OldProtobufType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    private readonly OpenApiDocuments _documents = new(resources);

    /// <summary>Answers the request, or says by null that the path is another's.</summary>
    public Task? TryHandle(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "";
        var isV2 = path == V2Root;
        var isIndex = path == OpenApiDocuments.V3Root;
        if (!isV2 && !isIndex && !path.StartsWith(OpenApiDocuments.V3Root + "/", StringComparison.Ordinal))
        {
            return null;
        }

        if (!HttpMethods.IsGet(http.Request.Method))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var isProtobuf = WantsProtobuf(http.Request.Headers.Accept.ToString(), isV2);
        return isV2
            ? _documents.Whole(isProtobuf).SendAsync(http, isProtobuf ? ProtobufType : ApiResponse.Json)
            : isIndex
            ? _documents.Index().SendAsync(http, ApiResponse.Json)
            : SendDocumentAsync(http, path[(OpenApiDocuments.V3Root.Length + 1)..]);
    }

    /// <summary>Whether the first entry that can be served is the protobuf form.</summary>
    private static bool WantsProtobuf(string accept, bool isV2)
    {
        var isEmpty = true;
        foreach (var type in MediaType.ParseList(accept))
        {
            isEmpty = false;
            if (type.Name is ApiResponse.Json or "application/*" or "*/*")
            {
                return false;
            }

            if (isV2 && type.Name is ProtobufType or OldProtobufType)
            {
                return true;
            }
        }

        return isEmpty ? false : throw ApiErrors.NotAcceptable();
    }

    private Task SendDocumentAsync(HttpContext http, string path)
    {
        var document = _documents.Find(path) ?? throw ApiErrors.PathNotFound();
        var hash = http.Request.Query["hash"].ToString();
        if (hash.Length > 0 && hash != document.Hash)
        {
            http.Response.Redirect(OpenApiDocuments.AddressOf(path, document), permanent: true);
            return Task.CompletedTask;
        }

        if (hash.Length > 0)
        {
            // What stands at an address with a hash never changes.
            http.Response.Headers.CacheControl = "public, immutable";
            http.Response.Headers.Expires = clock.GetUtcNow().AddYears(1).ToString("R", CultureInfo.InvariantCulture);
        }

        return document.SendAsync(http, ApiResponse.Json);
    }
}
