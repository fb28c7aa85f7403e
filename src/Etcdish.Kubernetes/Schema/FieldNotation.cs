using System.Globalization;

namespace Etcdish.Kubernetes;

/// <summary>Reads one field line of the notation: name, type, number, marks.</summary>
internal readonly struct FieldNotation(string groupVersion, SchemaCatalog catalog)
{
    public Field Read(string[] words)
    {
        if (words[0].StartsWith("...", StringComparison.Ordinal))
        {
            return ReadInline(words);
        }

        if (words.Length < 3)
        {
            throw new FormatException("a field has a name, a type and a number");
        }

        var marks = Marks.Read(words.AsSpan(3));
        var isPointer = words[1].EndsWith('?');
        return new Field(words[0], ReadType(isPointer ? words[1][..^1] : words[1], marks))
        {
            Number = ReadNumber(words[2]),
            IsPointer = isPointer,
            IsRequired = marks.IsRequired,
            IsAlwaysWritten = marks.IsAlwaysWritten,
            IsNullable = marks.IsNullable,
            IsDiscriminator = marks.IsDiscriminator,
            DefaultJson = marks.DefaultJson,
            PatchStrategy = marks.PatchStrategy,
            PatchMergeKey = marks.PatchMergeKey,
        };
    }

    private Field ReadInline(string[] words)
    {
        if (words.Length != 2)
        {
            throw new FormatException("an inlined struct has a type and a number");
        }

        var type = catalog.GetStruct(Qualify(words[0][3..]));
        return new Field(type.Name, SchemaType.Object(type)) { Number = ReadNumber(words[1]), IsInline = true };
    }

    private SchemaType ReadType(string text, in Marks marks)
    {
        if (text.EndsWith("[]", StringComparison.Ordinal))
        {
            return SchemaType.ListOf(ReadType(text[..^2], Marks.None), marks.ListKind, marks.Keys);
        }

        if (text.EndsWith("{}", StringComparison.Ordinal))
        {
            return SchemaType.MapOf(ReadType(text[..^2], Marks.None), marks.IsAtomic ?? false);
        }

        return text switch
        {
            "string" => SchemaType.String,
            "json" => SchemaType.Deduced,
            _ when _scalars.TryGetValue(text, out var kind) => SchemaType.Scalar(kind),
            _ when text.StartsWith("string(", StringComparison.Ordinal) => SchemaType.OneOf(catalog.GetEnum(Qualify(text[7..^1]))),
            _ => SchemaType.Object(catalog.GetStruct(Qualify(text)), marks.IsAtomic),
        };
    }

    private string Qualify(string name) => name.Contains('/', StringComparison.Ordinal) ? name : $"{groupVersion}.{name}";

    private static int ReadNumber(string word) =>
        word == "@-" ? 0
        : word[0] == '@' && int.TryParse(word.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
        ? number
        : throw new FormatException($"`{word}` is no number such as @1, nor @-");

    private static readonly Dictionary<string, ValueKind> _scalars = new(StringComparer.Ordinal)
    {
        ["bool"] = ValueKind.Bool,
        ["int32"] = ValueKind.Int32,
        ["int64"] = ValueKind.Int64,
        ["double"] = ValueKind.Double,
        ["bytes"] = ValueKind.Bytes,
        ["quantity"] = ValueKind.Quantity,
        ["time"] = ValueKind.Time,
        ["microTime"] = ValueKind.MicroTime,
        ["duration"] = ValueKind.Duration,
        ["intOrString"] = ValueKind.IntOrString,
        ["stringList"] = ValueKind.StringList,
        ["raw"] = ValueKind.RawExtension,
        ["fieldsV1"] = ValueKind.FieldsV1,
        ["jsonMessage"] = ValueKind.JsonMessage,
        ["schemaOrArray"] = ValueKind.SchemaOrArray,
        ["schemaOrBool"] = ValueKind.SchemaOrBool,
        ["schemaOrStrings"] = ValueKind.SchemaOrStrings,
    };

    private record struct Marks(bool IsRequired, bool IsAlwaysWritten, bool IsNullable, bool IsDiscriminator)
    {
        public static Marks None => new(false, false, false, false);

        public bool? IsAtomic { get; private set; }

        public string? DefaultJson { get; private set; }

        public PatchStrategy PatchStrategy { get; private set; }

        public string? PatchMergeKey { get; private set; }

        public ListKind ListKind { get; private set; }

        public string[] Keys { get; private set; } = [];

        public static Marks Read(ReadOnlySpan<string> words)
        {
            var marks = None;
            foreach (var word in words)
            {
                var equals = word.IndexOf('=', StringComparison.Ordinal);
                var value = equals < 0 ? "" : word[(equals + 1)..];
                switch (equals < 0 ? word : word[..equals])
                {
                    case "required": marks.IsRequired = true; break;
                    case "always": marks.IsAlwaysWritten = true; break;
                    case "nullable": marks.IsNullable = true; break;
                    case "discriminator": marks.IsDiscriminator = true; break;
                    case "default": marks.DefaultJson = value; break;
                    case "map" or "struct": marks.IsAtomic = ReadAtomic(value); break;
                    case "list": marks.ReadList(value); break;
                    case "patch": marks.ReadPatch(value); break;
                    default: throw new FormatException($"unknown mark `{word}`");
                }
            }

            return marks;
        }

        private static bool ReadAtomic(string value) => value switch
        {
            "atomic" => true,
            "granular" => false,
            _ => throw new FormatException($"`{value}` is neither atomic nor granular"),
        };

        private void ReadList(string value)
        {
            (ListKind, Keys) = value switch
            {
                "atomic" => (ListKind.Atomic, []),
                "set" => (ListKind.Set, []),
                _ when value.StartsWith("map:", StringComparison.Ordinal) => (ListKind.Map, value[4..].Split(',')),
                _ => throw new FormatException($"`{value}` is no kind of list"),
            };
        }

        private void ReadPatch(string value)
        {
            var colon = value.IndexOf(':', StringComparison.Ordinal);
            PatchMergeKey = colon < 0 ? null : value[(colon + 1)..];
            foreach (var strategy in (colon < 0 ? value : value[..colon]).Split(','))
            {
                PatchStrategy |= strategy switch
                {
                    "merge" => PatchStrategy.Merge,
                    "replace" => PatchStrategy.Replace,
                    "retainKeys" => PatchStrategy.RetainKeys,
                    _ => throw new FormatException($"`{strategy}` is no patch strategy"),
                };
            }
        }
    }
}
