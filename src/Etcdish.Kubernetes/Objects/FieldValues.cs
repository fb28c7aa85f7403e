using System.Text.Json;

namespace Etcdish.Kubernetes.Objects;

/// <summary>Values of fields that several kinds have. The reader stands at a value's first token and is left at its last.</summary>
internal static class FieldValues
{
    private static readonly QuantityConverter _quantity = new();

    /// <summary>A string that is likely to be there again.</summary>
    public static string Text(ref Utf8JsonReader reader) => StringPool.Read(ref reader) ?? "";

    /// <summary>A list of strings.</summary>
    public static string[] Texts(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        List<string> result = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            result.Add(Text(ref reader));
        }

        return [.. result];
    }

    /// <summary>A map of strings.</summary>
    public static Dictionary<string, string> Map(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        Dictionary<string, string> result = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = Text(ref reader);
            reader.Read();
            result[key] = Text(ref reader);
        }

        return result;
    }

    /// <summary>A map of quantities.</summary>
    public static Dictionary<string, Quantity> Quantities(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        Dictionary<string, Quantity> result = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = Text(ref reader);
            reader.Read();
            result[key] = _quantity.Read(ref reader, typeof(Quantity), JsonSerializerOptions.Default);
        }

        return result;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (reader.TokenType != token)
        {
            throw new JsonException($"{token} is expected, there is {reader.TokenType}");
        }
    }
}
