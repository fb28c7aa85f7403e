namespace Etcdish.Kubernetes;

/// <summary>
/// One notation file (see README.md beside it), cut into its definitions. The text of a definition is read when its type is first used.
/// </summary>
internal sealed class NotationFile
{
    private readonly string _file;
    private readonly Dictionary<string, Definition> _definitions;

    public NotationFile(string file, string text)
    {
        _file = file;
        var lines = text.Split('\n');
        Name = Words(lines[0]) is ["group", var name] ? name : throw Fault(0, "the first line must be `group NAME`");
        var definitions = new Dictionary<string, Definition>(StringComparer.Ordinal);
        Definition? current = null;
        for (var i = 1; i < lines.Length; i++)
        {
            var line = lines[i];
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == ' ')
            {
                (current ?? throw Fault(i, "a field before the first definition")).Lines.Add((i, line));
                continue;
            }

            current = new Definition(Words(line), []);
            if (current.Words.Length < 2 || current.Words[0] is not ("struct" or "object" or "enum")
                || !definitions.TryAdd(current.Words[1], current))
            {
                throw Fault(i, "a definition is `struct`, `object` or `enum` and a name that is new");
            }
        }

        _definitions = definitions;
    }

    /// <summary>The name other files use, such as <c>rbac/v1</c>.</summary>
    public string Name { get; }

    /// <summary>Names of structs and objects, in no order.</summary>
    public IEnumerable<string> StructNames => _definitions.Where(d => d.Value.Words[0] != "enum").Select(d => d.Key);

    /// <summary>Whether a struct, or the list kind of a listed object, has this name; and whether it is an object.</summary>
    public bool TryDescribe(string name, out bool isObject)
    {
        if (_definitions.TryGetValue(name, out var found))
        {
            isObject = found.Words[0] == "object";
            return found.Words[0] != "enum";
        }

        isObject = true;
        return ListedItem(name) is not null;
    }

    public StructType.Body ReadStruct(string name, SchemaCatalog catalog)
    {
        if (!_definitions.TryGetValue(name, out var definition))
        {
            return ListedItem(name) is { } item ? ListBody(item, catalog) : throw new FormatException($"{_file}: no struct {name}");
        }

        var marks = definition.Words.AsSpan(2);
        var isObject = definition.Words[0] == "object";
        var fields = new List<Field>(definition.Lines.Count + 2);
        if (isObject)
        {
            fields.AddRange(TypeMeta);
        }

        var names = new FieldNotation(Name, catalog);
        foreach (var (line, text) in definition.Lines)
        {
            try
            {
                fields.Add(names.Read(Words(text)));
            }
            catch (FormatException fault)
            {
                throw Fault(line, fault.Message);
            }
        }

        return new StructType.Body([.. fields], marks.Contains("atomic"), isObject, marks.Contains("union"));
    }

    public (bool IsClosed, string[] Values) ReadEnum(string name)
    {
        if (!_definitions.TryGetValue(name, out var definition) || definition.Words[0] != "enum")
        {
            throw new FormatException($"{_file}: no enum {name}");
        }

        var isClosed = definition.Words is [_, _, "closed", ..];
        var values = definition.Words.Skip(isClosed ? 3 : 2).Concat(definition.Lines.SelectMany(l => Words(l.Text)));
        return (isClosed, [.. values.Select(v => v[0] == '"' ? v[1..^1] : v)]);
    }

    private static Field[] TypeMeta =>
    [
        new Field("kind", SchemaType.String),
        new Field("apiVersion", SchemaType.String),
    ];

    private string? ListedItem(string name) =>
        name.EndsWith("List", StringComparison.Ordinal) && _definitions.TryGetValue(name[..^4], out var item)
            && item.Words[0] == "object" && item.Words.Contains("listed")
            ? name[..^4]
            : null;

    private StructType.Body ListBody(string item, SchemaCatalog catalog)
    {
        var meta = SchemaType.Object(catalog.GetStruct("meta/v1.ListMeta"));
        var items = SchemaType.ListOf(SchemaType.Object(catalog.GetStruct($"{Name}.{item}")));
        Field[] fields =
        [
            .. TypeMeta,
            new Field("metadata", meta) { Number = 1 },
            new Field("items", items) { Number = 2, IsRequired = true, IsAlwaysWritten = true },
        ];
        return new StructType.Body(fields, IsAtomic: false, IsObject: true, IsUnion: false);
    }

    private FormatException Fault(int line, string what) => new($"{_file}:{line + 1}: {what}");

    /// <summary>The words of a line; a quoted one may hold spaces, and everything behind a # is a comment.</summary>
    private static string[] Words(string line)
    {
        if (line.AsSpan().IndexOfAny('"', '#') < 0)
        {
            return line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        var words = new List<string>();
        for (var i = 0; i < line.Length && line[i] != '#';)
        {
            var start = i;
            var quoted = false;
            while (i < line.Length && (quoted || line[i] != ' '))
            {
                quoted ^= line[i++] == '"';
            }

            if (i > start)
            {
                words.Add(line[start..i]);
            }

            i++;
        }

        return [.. words];
    }

    private sealed record Definition(string[] Words, List<(int Number, string Text)> Lines);
}
