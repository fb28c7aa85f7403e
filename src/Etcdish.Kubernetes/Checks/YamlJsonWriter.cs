using System.Globalization;
using System.Text.Json;

namespace Etcdish.Kubernetes;

/// <summary>Writes YAML nodes as JSON, aliases unfolded.</summary>
internal sealed class YamlJsonWriter(Utf8JsonWriter writer, CodecLimits limits)
{
    private int _depth;

    public void Write(YamlNode node)
    {
        if (_depth > limits.MaxDepth)
        {
            throw new WireFormatException($"the document nests deeper than {limits.MaxDepth} levels");
        }

        if (writer.BytesCommitted + writer.BytesPending > limits.MaxOutputBytes)
        {
            throw new WireFormatException("document contains excessive aliasing");
        }

        _depth++;
        switch (node)
        {
            case YamlScalar scalar:
                WriteScalar(scalar);
                break;
            case YamlSequence sequence:
                WriteSequence(sequence);
                break;
            case YamlMapping mapping:
                WriteMapping(mapping);
                break;
        }

        _depth--;
    }

    private void WriteSequence(YamlSequence sequence)
    {
        writer.WriteStartArray();
        foreach (var item in sequence.Items)
        {
            Write(item);
        }

        writer.WriteEndArray();
    }

    private void WriteMapping(YamlMapping mapping)
    {
        writer.WriteStartObject();
        List<YamlNode>? merges = null;
        foreach (var (key, value) in mapping.Entries)
        {
            if (IsMerge(key))
            {
                (merges ??= []).Add(value);
                continue;
            }

            writer.WritePropertyName(KeyText(key));
            Write(value);
        }

        if (merges is not null)
        {
            var taken = mapping.Entries.Where(e => !IsMerge(e.Key)).Select(e => KeyText(e.Key)).ToHashSet(StringComparer.Ordinal);
            merges.ForEach(m => WriteMerged(m, taken));
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes what a merged mapping, or a list of such, has and the mapping itself has not. The first wins.</summary>
    private void WriteMerged(YamlNode source, HashSet<string> taken)
    {
        if (++_depth > limits.MaxDepth)
        {
            throw new WireFormatException($"the document nests deeper than {limits.MaxDepth} levels");
        }

        switch (source)
        {
            case YamlSequence sequence:
                sequence.Items.ForEach(i => WriteMerged(i, taken));
                break;
            case YamlMapping mapping:
                foreach (var (key, value) in mapping.Entries)
                {
                    if (IsMerge(key))
                    {
                        WriteMerged(value, taken);
                    }
                    else if (KeyText(key) is var name && taken.Add(name))
                    {
                        writer.WritePropertyName(name);
                        Write(value);
                    }
                }

                break;
            default:
                throw new WireFormatException("map merge requires map or sequence of maps as the value");
        }

        _depth--;
    }

    private static bool IsMerge(YamlNode key) => key is YamlScalar { IsPlain: true, Text: "<<" };

    private static string KeyText(YamlNode key)
    {
        if (key is not YamlScalar scalar)
        {
            throw new WireFormatException("a key is neither a string, a number nor a boolean");
        }

        return YamlScalarValue.Resolve(scalar) switch
        {
            string text => text,
            bool value => value ? "true" : "false",
            double number => number.ToString("R", CultureInfo.InvariantCulture),
            null => throw new WireFormatException("a key is null"),
            var number => Convert.ToString(number, CultureInfo.InvariantCulture)!,
        };
    }

    private void WriteScalar(YamlScalar scalar)
    {
        switch (YamlScalarValue.Resolve(scalar))
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool value:
                writer.WriteBooleanValue(value);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case ulong number:
                writer.WriteNumberValue(number);
                break;
            case double number when Math.Truncate(number) == number && Math.Abs(number) < 1e15:
                writer.WriteNumberValue((long)number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case double number:
                throw new WireFormatException($"json: unsupported value: {number.ToString(CultureInfo.InvariantCulture)}");
            case string text:
                writer.WriteStringValue(text);
                break;
        }
    }
}
