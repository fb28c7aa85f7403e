using System.Buffers;
using System.Text.Json;

namespace Etcdish.Kubernetes;

/// <summary>
/// Kubernetes' protobuf form of objects (content type <c>application/vnd.kubernetes.protobuf</c>), from and to JSON, byte for byte as Go
/// writes it. Both directions refuse a field that appears twice, nesting and sizes beyond their limits, and anything malformed.
/// </summary>
public static class KubernetesProtobuf
{
    /// <summary>Whether bytes start as such a body does.</summary>
    public static bool IsEnvelope(ReadOnlySpan<byte> body) => ProtobufEnvelope.IsEnvelope(body);

    /// <summary>Decodes an enveloped object to JSON: quantities and times canonical, fields in Go's order.</summary>
    /// <param name="body">The bytes, from <c>k8s\0</c> on.</param>
    /// <param name="catalog">The types.</param>
    /// <param name="output">Where the JSON goes; after an error it may hold a part of it.</param>
    /// <param name="expected">The type of the object, or null to go by what the envelope says.</param>
    /// <param name="limits">Bounds, or null for the defaults.</param>
    /// <returns>What the envelope says the object is; either part may be empty.</returns>
    /// <exception cref="ObjectFormatException">The bytes are malformed, beyond the limits, or of a kind that is not built in.</exception>
    public static ObjectHeader Decode(
        ReadOnlySpan<byte> body, SchemaCatalog catalog, IBufferWriter<byte> output, StructType? expected = null, CodecLimits? limits = null)
    {
        using var writer = new Utf8JsonWriter(output, JsonOptions.Writer);
        var decoder = new ProtobufDecoder(catalog, limits ?? CodecLimits.Default, writer);
        try
        {
            return decoder.WriteEnvelope(body, expected);
        }
        catch (WireFormatException fault)
        {
            throw new ObjectFormatException(decoder.Path, fault.Message);
        }
    }

    /// <summary>Encodes a JSON object with its envelope. Fields its type does not have are left out.</summary>
    /// <param name="json">The object.</param>
    /// <param name="catalog">The types.</param>
    /// <param name="output">Where the bytes go; nothing is written after an error.</param>
    /// <param name="type">The type of the object, or null to go by its <c>apiVersion</c> and <c>kind</c>.</param>
    /// <param name="limits">Bounds, or null for the defaults.</param>
    /// <exception cref="ObjectFormatException">The text is malformed, beyond the limits, or of a kind without a protobuf form.</exception>
    public static void Encode(
        ReadOnlySpan<byte> json, SchemaCatalog catalog, IBufferWriter<byte> output, StructType? type = null, CodecLimits? limits = null)
    {
        limits ??= CodecLimits.Default;
        var header = ObjectHeader.Read(json, limits.MaxDepth);
        type ??= catalog.FindKind(header.ApiVersion, header.Kind)
            ?? throw new ObjectFormatException("", $"no kind \"{header.Kind}\" is registered for version \"{header.ApiVersion}\"");
        using var buffer = new MessageBuffer(limits.MaxOutputBytes);
        var encoder = new ProtobufEncoder(catalog, limits, buffer);
        try
        {
            encoder.WriteMessage(type, json);
            ProtobufEnvelope.Write(buffer, header, start: 0);
        }
        catch (WireFormatException fault)
        {
            throw new ObjectFormatException(encoder.Path, fault.Message);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new ObjectFormatException(encoder.Path, $"no valid JSON: {fault.Message}");
        }

        output.Write(buffer.Written);
    }
}
