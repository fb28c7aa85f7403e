using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Extensions;

/// <summary>What values are, in the words of schemas.</summary>
internal static class JsonValues
{
    private static readonly JsonSerializerOptions _relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The type as schemas call it; a number without a fraction is an integer.</summary>
    public static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => IsInteger(value) ? "integer" : "number",
        _ => "boolean",
    };

    public static double Number(JsonNode value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    /// <summary>Whether two values are the same; 1 and 1.0 are.</summary>
    public static bool AreEqual(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);

    /// <summary>The value as errors show it.</summary>
    public static string Show(JsonNode? value) => value is null ? "null" : value.ToJsonString(_relaxed);

    private static bool IsInteger(JsonNode value)
    {
        var text = value.ToJsonString();
        if (text.AsSpan().IndexOfAny('.', 'e', 'E') < 0)
        {
            return true;
        }

        var number = double.Parse(text, CultureInfo.InvariantCulture);
        return double.IsInteger(number) && Math.Abs(number) < 1L << 53;
    }
}
