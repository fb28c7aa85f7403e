using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>
/// One step of a path into an object: a field (<c>f:name</c>), an item of a list by its keys (<c>k:{"name":"a"}</c>) or by its own value
/// (<c>v:"a"</c>), or by its place (<c>i:0</c>).
/// </summary>
internal sealed class PathElement : IEquatable<PathElement>, IComparable<PathElement>
{
    // The same few names make up nearly all objects.
    private static readonly BoundedCache<string, PathElement> _fields = new();
    private static readonly BoundedCache<(string Key, ScalarValue Value), PathElement> _items = new();
    private static readonly BoundedCache<string, PathElement> _parsed = new();

    private readonly int _rank;
    private readonly KeyValuePair<string, ScalarValue>[] _keys;

    private PathElement(int rank, KeyValuePair<string, ScalarValue>[] keys, string text)
    {
        _rank = rank;
        _keys = keys;
        Text = text;
        FieldName = rank == 0 ? text[2..] : null;
    }

    /// <summary>The step in the notation of FieldsV1; steps are equal if their texts are.</summary>
    public string Text { get; }

    /// <summary>The field's name, or null if this is another kind of step.</summary>
    public string? FieldName { get; }

    /// <summary>Whether this is an item of a list by its keys.</summary>
    public bool IsKey => _rank == 1;

    /// <summary>A field of an object, or a key of a map.</summary>
    public static PathElement Field(string name) => _fields.GetOrAdd(name, static n => new PathElement(0, [], "f:" + n));

    /// <summary>An item by its keys, in any order.</summary>
    public static PathElement Key(IEnumerable<KeyValuePair<string, ScalarValue>> keys)
    {
        var sorted = keys.OrderBy(k => k.Key, StringComparer.Ordinal).ToArray();
        return new PathElement(1, sorted, $"k:{{{string.Join(',', sorted.Select(k => $"{Quote(k.Key)}:{k.Value}"))}}}");
    }

    /// <summary>An item by its only key.</summary>
    public static PathElement Key(string key, ScalarValue value) =>
        _items.GetOrAdd((key, value), static only => Key([KeyValuePair.Create(only.Key, only.Value)]));

    /// <summary>An item of a set.</summary>
    public static PathElement Value(ScalarValue value) => new(2, [KeyValuePair.Create("", value)], $"v:{value}");

    /// <summary>Reads the notation. Null for kinds of steps that are not known: a later version may have them.</summary>
    /// <exception cref="FormatException">The text is no step.</exception>
    public static PathElement? Parse(string text)
    {
        if (text.Length < 2 || text[1] != ':')
        {
            throw new FormatException($"`{text}` is no path element");
        }

        return text[0] switch
        {
            'f' => Field(text[2..]),
            'v' or 'k' or 'i' => _parsed.GetOrAdd(text, ParseItem),
            _ => null,
        };
    }

    /// <inheritdoc/>
    public int CompareTo(PathElement? other)
    {
        if (other is null || _rank != other._rank)
        {
            return other is null ? 1 : _rank.CompareTo(other._rank);
        }

        if (_rank == 0)
        {
            return Utf8Order.Compare(Text, other.Text);
        }

        for (var i = 0; i < _keys.Length && i < other._keys.Length; i++)
        {
            var order = Utf8Order.Compare(_keys[i].Key, other._keys[i].Key);
            order = order != 0 ? order : _keys[i].Value.CompareTo(other._keys[i].Value);
            if (order != 0)
            {
                return order;
            }
        }

        return _keys.Length.CompareTo(other._keys.Length);
    }

    /// <inheritdoc/>
    public bool Equals(PathElement? other) => other is not null && Text == other.Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PathElement);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The step as messages have it: <c>.name</c>, <c>[name="a"]</c>, <c>[="a"]</c>, <c>[0]</c>.</summary>
    public override string ToString() => _rank switch
    {
        0 => "." + FieldName,
        1 => $"[{string.Join(',', _keys.Select(k => $"{k.Key}={k.Value}"))}]",
        2 => $"[={_keys[0].Value}]",
        _ => $"[{_keys[0].Value}]",
    };

    private static PathElement ParseItem(string text) => text[0] switch
    {
        'v' when ScalarValue.TryRead(ParseJson(text), out var value) => Value(value),
        'k' when ParseJson(text) is JsonObject keys => Key(keys.Select(k => KeyValuePair.Create(k.Key, ReadScalar(text, k.Value)))),
        'i' when int.TryParse(text.AsSpan(2), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index) =>
            new PathElement(3, [KeyValuePair.Create("", new ScalarValue(ScalarKind.Number, $"{index}"))], $"i:{index}"),
        _ => throw new FormatException($"`{text}` is no path element"),
    };

    private static JsonNode? ParseJson(string text)
    {
        try
        {
            return JsonNode.Parse(text.AsSpan(2).ToString(), documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            throw new FormatException($"`{text}` is no path element");
        }
    }

    private static ScalarValue ReadScalar(string text, JsonNode? node) =>
        ScalarValue.TryRead(node, out var value) ? value : throw new FormatException($"`{text}` is no path element");

    private static string Quote(string name) => new ScalarValue(ScalarKind.String, name).ToString();
}
