using System.Buffers;
using System.Text.Json;

namespace Etcdish.Kubernetes;

/// <summary>
/// Brings a JSON object into the form in which Go would write it after reading it: fields of the type only, quantities, times and base64
/// in their canonical form, empty values left out where Go leaves them out. Values of the wrong type are errors.
/// </summary>
public static class TypedJson
{
    /// <summary>Reads <paramref name="json"/> as a <paramref name="type"/> and writes it in its canonical form.</summary>
    /// <param name="json">The object as it came.</param>
    /// <param name="type">Its type. A field that is a pointer keeps empty values, any other loses them.</param>
    /// <param name="output">Where the canonical form goes; undefined after an error.</param>
    /// <param name="limits">Bounds, or null for the defaults.</param>
    /// <returns>Unknown and duplicate fields. Of duplicates the last counts.</returns>
    /// <exception cref="ObjectFormatException">The text is no JSON, too deep, or has a value of the wrong type.</exception>
    public static FieldIssues Normalize(ReadOnlySpan<byte> json, StructType type, IBufferWriter<byte> output, CodecLimits? limits = null)
    {
        limits ??= CodecLimits.Default;
        var issues = new FieldIssues();
        var duplicates = DuplicateFinder.Find(json, limits.MaxDepth);
        using var writer = new Utf8JsonWriter(output, JsonOptions.Writer);
        var normalizer = new JsonNormalizer(writer, issues, duplicates);
        try
        {
            normalizer.WriteObject(type, json, limits.MaxDepth);
        }
        catch (WireFormatException fault)
        {
            throw new ObjectFormatException(normalizer.Path, fault.Message);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new ObjectFormatException(normalizer.Path, $"no valid JSON: {fault.Message}");
        }

        return issues;
    }
}
