using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Apply;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Http;

/// <summary>A patch, read once and applied as often as the write is tried.</summary>
internal sealed class ObjectPatch
{
    private const string Json = "application/json-patch+json";
    private const string Merge = "application/merge-patch+json";
    private const string Strategic = "application/strategic-merge-patch+json";

    private readonly Func<JsonObject, JsonNode> _apply;
    private readonly bool _looksAround;

    private ObjectPatch(Func<JsonObject, JsonNode> apply, bool looksAround)
    {
        _apply = apply;
        _looksAround = looksAround;
    }

    /// <summary>The media type of a patch.</summary>
    /// <exception cref="ApiException">It is none that is taken.</exception>
    public static string TypeOf(ApiRequest request) => MediaType.Parse(request.Http.Request.ContentType ?? "").Name switch
    {
        var type when type is Json or Merge or Strategic or ApplyConfiguration.MediaType => type,
        _ => throw ApiErrors.UnsupportedMediaType($"{Json}, {Merge}, {Strategic}, {ApplyConfiguration.MediaType}"),
    };

    /// <exception cref="ApiException">It is no patch of that type.</exception>
    public static async Task<ObjectPatch> ReadAsync(ApiRequest request, string type)
    {
        if (type == Strategic && request.Type.Custom is not null)
        {
            throw ApiErrors.UnsupportedMediaType($"{Json}, {Merge}, {ApplyConfiguration.MediaType}");
        }

        var body = await RequestBody.ReadAsync(request.Http.Request, request.Cancellation);
        try
        {
            return new ObjectPatch(Parse(type, body, request.Type.Info.Type), looksAround: type == Json);
        }
        catch (PatchException e)
        {
            throw Translate(e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw ApiErrors.BadRequest($"error decoding patch: {e.Message}");
        }
    }

    /// <summary>Makes the object that the patch leads to.</summary>
    /// <param name="stored">The object as it is; the patch may change it.</param>
    /// <param name="onlyField">The only field that is used of the result, beside metadata, so that the rest may be missing; null: all are.</param>
    /// <exception cref="ApiException">It does not fit the object.</exception>
    public JsonNode Apply(JsonObject stored, string? onlyField = null)
    {
        if (onlyField is not null && !_looksAround)
        {
            KeepOnly(stored, onlyField);
        }

        try
        {
            return _apply(stored);
        }
        catch (PatchException e)
        {
            throw Translate(e);
        }
    }

    private static Func<JsonObject, JsonNode> Parse(string type, byte[] body, StructType kind)
    {
        if (type == Json)
        {
            var operations = JsonPatch.Parse(body);
            return target => operations.Apply(target);
        }

        // The nodes of a JSON object are made when they are looked at, and keys that appear twice are noticed then: here.
        var patch = (JsonObject)ApiJson.Parse(body).DeepClone();
        return target =>
        {
            if (type == Merge)
            {
                MergePatch.Apply(target, patch);
            }
            else
            {
                StrategicMergePatch.Apply(target, patch, kind);
            }

            return target;
        };
    }

    private static void KeepOnly(JsonObject stored, string field)
    {
        foreach (var name in stored.Select(f => f.Key).Where(n => n != field && n is not ("metadata" or "kind" or "apiVersion")).ToArray())
        {
            stored.Remove(name);
        }

        (stored["metadata"] as JsonObject)?.Remove("managedFields");
    }

    private static ApiException Translate(PatchException fault) => fault.Fault switch
    {
        PatchFault.Malformed => ApiErrors.BadRequest(fault.Message),
        PatchFault.TooLarge => new ApiException(413, "RequestEntityTooLarge", fault.Message),
        _ => new ApiException(422, "Invalid", $"the server rejected our request due to an error in our request: {fault.Message}"),
    };
}
