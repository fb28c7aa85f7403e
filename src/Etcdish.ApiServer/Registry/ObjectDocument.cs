using System.Buffers;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>Brings what clients send into the form that is stored.</summary>
internal static class ObjectDocument
{
    private const int MaxUnknown = 100;

    private static readonly CodecLimits _limits = new() { MaxDepth = ApiJson.MaxDepth };

    /// <summary>Checks an object of a resource against its type or, if it is a custom one, its schema.</summary>
    /// <exception cref="ApiException">It is no such object.</exception>
    public static JsonObject Decode(
        ReadOnlySpan<byte> json, ResourceType type, FieldValidation validation, out IReadOnlyList<string> warnings)
    {
        var info = type.Info;
        if (type.Custom is not { } custom)
        {
            return Decode(json, info.Type, info.Kind, info.ApiVersion, validation, out warnings);
        }

        var value = Decode(json, custom.ReadingType, info.Kind, info.ApiVersion, validation, out warnings);
        var unknown = custom.Prune(value);
        var issues = warnings.Concat(unknown.Take(MaxUnknown).Select(path => $"unknown field \"{path}\"")).ToArray();
        if (validation == FieldValidation.Strict && issues.Length > 0)
        {
            throw CannotHandle(info.Kind, info.Version, "strict decoding error: " + string.Join(", ", issues));
        }

        warnings = validation == FieldValidation.Warn ? issues : [];
        return value;
    }

    /// <summary>Checks a JSON object against its type; fields that the type does not have are gone afterwards.</summary>
    /// <param name="json">The object as it came.</param>
    /// <param name="type">Its type.</param>
    /// <param name="kind">The kind it must be of; it may leave that out.</param>
    /// <param name="apiVersion">The group version it must be of; it may leave that out.</param>
    /// <param name="validation">What to do about unknown and duplicate fields.</param>
    /// <param name="warnings">What the client should be warned of.</param>
    /// <exception cref="ApiException">It is no such object.</exception>
    public static JsonObject Decode(
        ReadOnlySpan<byte> json,
        StructType type,
        string kind,
        string apiVersion,
        FieldValidation validation,
        out IReadOnlyList<string> warnings)
    {
        var output = new ArrayBufferWriter<byte>(json.Length + 64);
        var version = apiVersion[(apiVersion.IndexOf('/', StringComparison.Ordinal) + 1)..];
        try
        {
            CheckHeader(ObjectHeader.Read(json, _limits.MaxDepth), kind, apiVersion);
            var issues = TypedJson.Normalize(json, type, output, _limits);
            warnings = validation == FieldValidation.Warn ? issues.Messages : [];
            if (validation == FieldValidation.Strict && issues.Messages.Count > 0)
            {
                throw CannotHandle(kind, version, issues.StrictMessage);
            }
        }
        catch (ObjectFormatException e)
        {
            throw CannotHandle(kind, version, e.Message);
        }

        return ApiJson.Parse(output.WrittenSpan);
    }

    private static void CheckHeader(ObjectHeader header, string kind, string apiVersion)
    {
        if (header.ApiVersion.Length > 0 && header.ApiVersion != apiVersion && kind != "DeleteOptions")
        {
            throw ApiErrors.BadRequest(
                $"the API version in the data ({header.ApiVersion}) does not match the expected API version ({apiVersion})");
        }

        if (header.Kind.Length > 0 && header.Kind != kind)
        {
            throw ApiErrors.BadRequest(
                $"{header.Kind} in version \"{header.ApiVersion}\" cannot be handled as a {kind}: the object is of another kind");
        }
    }

    private static ApiException CannotHandle(string kind, string version, string why) =>
        ApiErrors.BadRequest($"{kind} in version \"{version}\" cannot be handled as a {kind}: {why}");
}
