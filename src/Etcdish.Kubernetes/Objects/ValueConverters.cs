using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>Reads quantities: texts, or plain numbers.</summary>
internal sealed class QuantityConverter : JsonConverter<Quantity>
{
    public override Quantity Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[Quantity.MaxTextLength * 2];
        if (reader.HasValueSequence || reader.ValueSpan.Length > text.Length)
        {
            throw new JsonException("a quantity is too long");
        }

        var length = reader.ValueSpan.Length;
        if (reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped)
        {
            length = reader.CopyString(text);
        }
        else
        {
            reader.ValueSpan.CopyTo(text);
        }

        return Quantity.TryParse(text[..length], out var quantity, out var problem) ? quantity : throw new JsonException(problem);
    }

    public override void Write(Utf8JsonWriter writer, Quantity value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>Reads numbers that may be texts.</summary>
internal sealed class IntOrStringConverter : JsonConverter<IntOrString>
{
    public override IntOrString Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number ? new IntOrString(reader.GetInt32()) : new IntOrString(reader.GetString() ?? "");

    public override void Write(Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
    {
        if (value.Text is { } text)
        {
            writer.WriteStringValue(text);
        }
        else
        {
            writer.WriteNumberValue(value.Number);
        }
    }
}

/// <summary>Reads label selectors of the object form. None selects nothing, an empty one everything.</summary>
internal sealed class LabelSelectorConverter : JsonConverter<LabelSelector>
{
    public override LabelSelector Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return LabelSelector.FromObject(JsonNode.Parse(ref reader) as JsonObject);
        }
        catch (SelectorException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    public override void Write(Utf8JsonWriter writer, LabelSelector value, JsonSerializerOptions options) =>
        throw new NotSupportedException("selectors are read here, and written as they were read");
}

/// <summary>Reads pod templates whole.</summary>
internal sealed class PodTemplateConverter : JsonConverter<PodTemplate>
{
    public override PodTemplate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new(JsonNode.Parse(ref reader) as JsonObject ?? []);

    public override void Write(Utf8JsonWriter writer, PodTemplate value, JsonSerializerOptions options) => value.Json.WriteTo(writer, options);
}
