using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Security.Tokens;

/// <summary>Tells others how to verify tokens of service accounts: OpenID Connect Discovery, and the keys.</summary>
internal sealed class IssuerDocuments(SigningKey key, string issuer)
{
    private const string KeysPath = "/openid/v1/jwks";

    /// <summary>Answers the request, or says by null that the path is another's.</summary>
    public Task? TryHandle(HttpContext http)
    {
        switch (http.Request.Path.Value)
        {
            case "/.well-known/openid-configuration":
                return SendAsync(http, Configuration(http), ApiResponse.Json);
            case KeysPath:
                return SendAsync(http, new JsonObject { ["keys"] = new JsonArray(key.ToJsonWebKey()) }, "application/jwk-set+json");
            default:
                return null;
        }
    }

    private JsonObject Configuration(HttpContext http) => new()
    {
        ["issuer"] = issuer,
        ["jwks_uri"] = $"{http.Request.Scheme}://{http.Request.Host}{KeysPath}",
        ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray(CompactToken.Algorithm),
    };

    private static Task SendAsync(HttpContext http, JsonObject document, string contentType)
    {
        if (!HttpMethods.IsGet(http.Request.Method))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        http.Response.Headers.CacheControl = "public, max-age=3600";
        return ApiResponse.SendAsync(http, StatusCodes.Status200OK, ApiJson.Write(document), contentType);
    }
}
