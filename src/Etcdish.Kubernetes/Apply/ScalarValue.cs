using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>A scalar that tells items of a list apart. Equal numbers are equal however they are written.</summary>
internal readonly record struct ScalarValue(ScalarKind Kind, string Text) : IComparable<ScalarValue>
{
    /// <summary>The scalar of a node; false if it is an object or a list.</summary>
    public static bool TryRead(JsonNode? node, out ScalarValue value)
    {
        value = default;
        switch (node)
        {
            case null:
                value = new ScalarValue(ScalarKind.Null, "null");
                return true;
            case JsonValue scalar:
                value = scalar.GetValueKind() switch
                {
                    JsonValueKind.String => new ScalarValue(ScalarKind.String, scalar.GetValue<string>()),
                    JsonValueKind.True => new ScalarValue(ScalarKind.Bool, "true"),
                    JsonValueKind.False => new ScalarValue(ScalarKind.Bool, "false"),
                    _ => new ScalarValue(ScalarKind.Number, JsonNumber.Canonical(scalar)),
                };
                return true;
            default:
                return false;
        }
    }

    /// <summary>Numbers, then strings, then booleans, then null.</summary>
    public int CompareTo(ScalarValue other) =>
        Kind != other.Kind ? Kind.CompareTo(other.Kind)
        : Kind == ScalarKind.Number && ToNumber().CompareTo(other.ToNumber()) is not 0 and var order ? order
        : Utf8Order.Compare(Text, other.Text);

    /// <summary>The JSON of the scalar.</summary>
    public override string ToString() =>
        Kind == ScalarKind.String ? $"\"{JsonEncodedText.Encode(Text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"" : Text;

    private double ToNumber() => double.Parse(Text, CultureInfo.InvariantCulture);
}

/// <summary>What a <see cref="ScalarValue"/> is, in the order in which they sort.</summary>
internal enum ScalarKind
{
    Number,
    String,
    Bool,
    Null,
}
