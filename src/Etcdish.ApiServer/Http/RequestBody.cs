using System.Buffers;
using System.IO.Pipelines;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Http;

/// <summary>Reads bodies, with bounds, and brings objects into JSON.</summary>
internal static class RequestBody
{
    /// <summary>Most bytes of a body.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    /// <summary>Most bytes of a body that is refused but still taken off the connection; with a longer one the connection ends.</summary>
    public const int MaxDroppedBytes = 32 * 1024 * 1024;

    private const string Accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    private const string AcceptedCustom = "application/json, application/yaml";

    /// <summary>Reads the whole body.</summary>
    /// <exception cref="ApiException">It is too large.</exception>
    public static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > MaxBytes)
        {
            throw ApiErrors.TooLarge(MaxBytes);
        }

        var reader = request.BodyReader;
        while (true)
        {
            ReadResult result = await reader.ReadAsync(cancellation);
            if (result.Buffer.Length > MaxBytes)
            {
                // The rest is read and dropped behind the answer, so that the client gets to see it.
                reader.AdvanceTo(result.Buffer.End);
                throw ApiErrors.TooLarge(MaxBytes);
            }

            if (result.IsCompleted)
            {
                var body = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                return body;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>
    /// Reads an object: JSON, YAML or protobuf, by its content type. Without one it is JSON, which some clients forget to say.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="expected">The type of the object.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="isCustom">Whether it is a custom resource, which has no form in protobuf.</param>
    /// <returns>JSON as it came; not yet checked against its type.</returns>
    public static async Task<ReadOnlyMemory<byte>> ReadObjectAsync(
        HttpRequest request, StructType expected, CancellationToken cancellation, bool isCustom = false)
    {
        var type = MediaType.Parse(request.ContentType ?? "").Name;
        if (isCustom && type == "application/vnd.kubernetes.protobuf")
        {
            throw ApiErrors.UnsupportedMediaType(AcceptedCustom);
        }

        if (type is not ("" or "application/json" or "application/yaml" or "application/vnd.kubernetes.protobuf"))
        {
            throw ApiErrors.UnsupportedMediaType(Accepted);
        }

        var body = await ReadAsync(request, cancellation);
        try
        {
            return ToJson(body, type, expected);
        }
        catch (ObjectFormatException e)
        {
            throw ApiErrors.BadRequest(e.Message);
        }
    }

    /// <summary>Brings a body of a known type into JSON.</summary>
    /// <exception cref="ObjectFormatException">It is not of that type.</exception>
    public static ReadOnlyMemory<byte> ToJson(byte[] body, string type, StructType expected)
    {
        if (type is "" or "application/json")
        {
            return body;
        }

        var json = new ArrayBufferWriter<byte>((body.Length * 2) + 64);
        if (type == "application/yaml")
        {
            YamlConverter.ToJson(body, json);
            return json.WrittenMemory;
        }

        if (!KubernetesProtobuf.IsEnvelope(body))
        {
            throw new ObjectFormatException("", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        }

        // What the envelope says comes along, so that a wrong kind is noticed where all objects are checked.
        KubernetesProtobuf.Decode(body, SchemaCatalog.BuiltIn, json, expected);
        return json.WrittenMemory;
    }
}
