using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>
/// A field of an object under review: what it holds, where it is, and where to say what is wrong with it. Reading never fails: what is
/// absent or of another type reads as empty.
/// </summary>
internal readonly struct CheckedField
{
    private readonly FieldPath? _owner;
    private readonly FieldPath? _self;
    private readonly string _name;
    private readonly int _index;
    private readonly List<FieldError> _errors;

    private CheckedField(JsonNode? value, FieldPath? owner, string name, int index, List<FieldError> errors)
    {
        Value = value;
        _owner = owner;
        _name = name;
        _index = index;
        _errors = errors;

        // Only what has fields of its own needs a path before something is wrong.
        _self = owner is null ? FieldPath.Root : value is JsonObject or JsonArray ? new FieldPath(owner, name, index) : null;
    }

    /// <summary>What it holds, or null.</summary>
    public JsonNode? Value { get; }

    public bool IsSet => Value is not null;

    /// <summary>The text; empty if there is none.</summary>
    public string Text => Value is JsonValue node && node.TryGetValue<string>(out var text) ? text : "";

    /// <summary>Whether there is a text that is not empty.</summary>
    public bool HasText => Text.Length > 0;

    /// <summary>The whole number, or null.</summary>
    public long? Number => ObjectMeta.Number(Value);

    public bool IsTrue => Value is JsonValue node && node.TryGetValue<bool>(out var flag) && flag;

    public bool IsFalse => Value is JsonValue node && node.TryGetValue<bool>(out var flag) && !flag;

    /// <summary>How much has been found wrong with the whole object so far.</summary>
    public int ErrorCount => _errors.Count;

    /// <summary>How many items or entries it has.</summary>
    public int Count => Value switch
    {
        JsonArray list => list.Count,
        JsonObject map => map.Count,
        _ => 0,
    };

    /// <summary>The items of a list.</summary>
    public ItemList Items => new(this);

    /// <summary>The entries of a map.</summary>
    public EntryList Entries => new(this);

    private FieldPath Path => _self ?? new FieldPath(_owner, _name, _index);

    /// <summary>A field within.</summary>
    public CheckedField this[string name] => Child(name, (Value as JsonObject)?[name]);

    /// <summary>An item within.</summary>
    public CheckedField this[int index] =>
        new(Value is JsonArray list && index < list.Count ? list[index] : null, Path, "", index, _errors);

    /// <summary>A whole object; null reads as one without fields.</summary>
    public static CheckedField Of(JsonObject? value, List<FieldError> errors) => new(value, null, "", FieldPath.Named, errors);

    /// <summary>A part of an object whose path is known.</summary>
    public static CheckedField At(string path, JsonNode? value, List<FieldError> errors) =>
        new(value, FieldPath.Root, path, FieldPath.Named, errors);

    /// <summary>A field that errors name here, wherever it really is.</summary>
    public CheckedField Child(string name, JsonNode? value) => new(value, Path, name, FieldPath.Named, _errors);

    /// <summary>An entry of a map.</summary>
    public CheckedField Key(string key) => new((Value as JsonObject)?[key], Path, key, FieldPath.Keyed, _errors);

    /// <summary>The same place, with something else in it.</summary>
    public CheckedField Holding(JsonNode? value) => new(value, _owner, _name, _index, _errors);

    public void Required(string detail = "") => _errors.Add(FieldError.Required(Spelled(), detail));

    /// <summary>Says that what the field holds is wrong.</summary>
    public void Invalid(string detail) => _errors.Add(FieldError.InvalidValue(Spelled(), Value, detail));

    /// <summary>Says that what the field holds is wrong; <paramref name="shown"/> stands for it.</summary>
    public void Invalid(string detail, string shown) => _errors.Add(FieldError.Invalid(Spelled(), shown, detail));

    /// <summary>Says that the field is wrong, but not what it holds.</summary>
    public void InvalidUnseen(string detail) => _errors.Add(new FieldError(Spelled(), "FieldValueInvalid", $"Invalid value: {detail}"));

    public void Forbidden(string detail) => _errors.Add(FieldError.Forbidden(Spelled(), detail));

    public void NotSupported(string[] supported) => _errors.Add(FieldError.NotSupported(Spelled(), Text, supported));

    public void Duplicate() => _errors.Add(FieldError.Duplicate(Spelled(), Value));

    public void Duplicate(string shown) => _errors.Add(FieldError.Duplicate(Spelled(), JsonValue.Create(shown)));

    public void NotFound() => _errors.Add(FieldError.NotFound(Spelled(), Text));

    public void TooLong(int limit) => _errors.Add(FieldError.TooLong(Spelled(), limit));

    public void TooMany(int limit) => _errors.Add(FieldError.TooMany(Spelled(), Count, limit));

    public void Add(string reason, string detail) => _errors.Add(new FieldError(Spelled(), reason, detail));

    /// <inheritdoc/>
    public override string ToString() => Spelled();

    private string Spelled() => Path.ToString();

    /// <summary>Walks a list without allocating.</summary>
    public struct ItemList(CheckedField list)
    {
        private int _next = -1;

        public readonly CheckedField Current => list[_next];

        public readonly ItemList GetEnumerator() => this;

        public bool MoveNext() => ++_next < (list.Value as JsonArray)?.Count;
    }

    /// <summary>Walks a map in the order of its entries.</summary>
    public struct EntryList(CheckedField map)
    {
        private readonly JsonObject? _entries = map.Value as JsonObject;
        private int _next = -1;

        public readonly KeyValuePair<string, CheckedField> Current
        {
            get
            {
                var (key, value) = _entries!.GetAt(_next);
                return new(key, new CheckedField(value, map.Path, key, FieldPath.Keyed, map._errors));
            }
        }

        public readonly EntryList GetEnumerator() => this;

        public bool MoveNext() => ++_next < _entries?.Count;
    }
}
