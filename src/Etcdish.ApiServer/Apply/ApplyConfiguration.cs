using System.Buffers;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Apply;

/// <summary>
/// What a client applies: its wishes as it wrote them, neither defaulted nor canonical, for what it leaves out it does not own.
/// </summary>
/// <param name="Object">The object with the fields that the client wants.</param>
/// <param name="Force">Whether to take fields from others who own them.</param>
/// <param name="Warnings">What the client should be warned of.</param>
internal sealed record ApplyConfiguration(JsonObject Object, bool Force, IReadOnlyList<string> Warnings)
{
    /// <summary>The media type by which a patch says it is one; the body may be JSON all the same.</summary>
    public const string MediaType = "application/apply-patch+yaml";

    private static readonly CodecLimits _limits = new() { MaxDepth = ApiJson.MaxDepth };

    /// <exception cref="ApiException">The body is no object, or has fields twice and the client wants to know.</exception>
    public static async Task<ApplyConfiguration> ReadAsync(ApiRequest request, WriteOptions options)
    {
        var body = await RequestBody.ReadAsync(request.Http.Request, request.Cancellation);
        try
        {
            var json = new ArrayBufferWriter<byte>(body.Length + 1);
            YamlConverter.ToJson(body, json, _limits);
            var value = JsonTree.ParseObject(json.WrittenSpan, out var issues, _limits);
            if (options.Validation == FieldValidation.Strict && issues.Messages.Count > 0)
            {
                throw ApiErrors.BadRequest($"error strict decoding YAML: {string.Join(", ", issues.Messages)}");
            }

            var warnings = options.Validation == FieldValidation.Warn ? issues.Messages : [];
            return new ApplyConfiguration(value, options.Force ?? false, warnings);
        }
        catch (ObjectFormatException e)
        {
            throw ApiErrors.BadRequest($"error decoding YAML: {e.Message}");
        }
    }
}
