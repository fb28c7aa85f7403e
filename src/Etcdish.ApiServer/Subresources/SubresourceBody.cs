using System.Buffers;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Subresources;

/// <summary>Bodies of subresources whose kind is not that of the object, and the short answers that some of them give.</summary>
internal static class SubresourceBody
{
    private static readonly byte[] _created = Created();

    /// <summary>Reads a body of a kind.</summary>
    /// <exception cref="ApiException">It is of another kind, or malformed.</exception>
    public static async Task<JsonObject> ReadAsync(ApiRequest request, string apiVersion, string kind, FieldValidation validation)
    {
        var type = SchemaCatalog.BuiltIn.FindKind(apiVersion, kind)!;
        var body = await RequestBody.ReadObjectAsync(request.Http.Request, type, request.Cancellation);
        var value = ObjectDocument.Decode(body.Span, type, kind, apiVersion, validation, out var warnings);
        request.Warn(warnings);
        return value;
    }

    /// <summary>Sees that the body names the object of the path.</summary>
    /// <exception cref="ApiException">It names another one.</exception>
    public static void CheckName(ApiRequest request, JsonObject value, string kind)
    {
        if (value.Name() != request.Name)
        {
            throw ApiErrors.BadRequest($"name in URL does not match name in {kind} object");
        }
    }

    /// <summary>Answers that something was done which has no object to show.</summary>
    public static Task SendCreatedAsync(ApiRequest request) => ApiResponse.SendAsync(request.Http, StatusCodes.Status201Created, _created);

    private static byte[] Created()
    {
        var output = new ArrayBufferWriter<byte>(96);
        StatusWriter.WriteSuccess(output, StatusCodes.Status201Created);
        return output.WrittenSpan.ToArray();
    }
}
