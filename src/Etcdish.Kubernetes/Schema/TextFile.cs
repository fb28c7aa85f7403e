namespace Etcdish.Kubernetes;

/// <summary>The texts of one group version (see README.md beside it).</summary>
internal sealed class TextFile
{
    private const string FieldIndent = "    ";
    private const string ContinuedIndent = FieldIndent + FieldIndent;

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly string _file;

    public TextFile(string file, string text)
    {
        _file = file;
        var lines = text.Split('\n');
        var group = lines[0].Split(' ') is ["group", var name] ? name : throw Fault(0, "the first line must be `group NAME`");
        for (var i = 1; i < lines.Length;)
        {
            i = lines[i].Length == 0 ? i + 1 : ReadEntry(lines, i, group);
        }
    }

    private TextFile() => _file = "";

    /// <summary>The file of a group version that has none.</summary>
    public static TextFile Empty { get; } = new();

    public IEnumerable<(string Type, string? Field)> Names => _entries.SelectMany(
        entry => entry.Value.Fields.Keys.Select(name => (entry.Key, (string?)name)).Prepend((entry.Key, null)));

    public Entry? Find(string name) => _entries.GetValueOrDefault(name);

    private int ReadEntry(string[] lines, int first, string group)
    {
        if (lines[first][0] == ' ')
        {
            throw Fault(first, "a field before the first type");
        }

        var i = first;
        var (head, text) = ReadText(lines, ref i);
        var (name, like) = head.Split(' ') switch
        {
            [var only] => (only, ""),
            [var own, "like", var other] => (own, other.Contains('/', StringComparison.Ordinal) ? other : $"{group}.{other}"),
            _ => throw Fault(first, "a type begins with `NAME:` or `NAME like OTHER:`"),
        };
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        while (i < lines.Length && lines[i].StartsWith(FieldIndent, StringComparison.Ordinal))
        {
            var line = i;
            var (field, about) = ReadText(lines, ref i);
            if (!fields.TryAdd(field, about))
            {
                throw Fault(line, $"a second text for {name}.{field}");
            }
        }

        return _entries.TryAdd(name, new Entry(text, like, fields)) ? i : throw Fault(first, $"a second text for {name}");
    }

    /// <summary>Reads <c>name: text</c> with the lines that continue it.</summary>
    private (string Name, string Text) ReadText(string[] lines, ref int i)
    {
        var colon = lines[i].IndexOf(": ", StringComparison.Ordinal);
        if (colon < 0)
        {
            throw Fault(i, "expected `NAME: TEXT`");
        }

        var name = lines[i][..colon].Trim();
        var text = lines[i][(colon + 2)..].Trim();
        for (i++; i < lines.Length && lines[i].StartsWith(ContinuedIndent, StringComparison.Ordinal); i++)
        {
            text += " " + lines[i].Trim();
        }

        return (name, text);
    }

    private FormatException Fault(int line, string what) => new($"{_file}:{line + 1}: {what}");

    /// <summary>The texts of a type.</summary>
    /// <param name="Text">What it is.</param>
    /// <param name="Like">The type whose texts hold for fields that have none here; empty if there is none.</param>
    /// <param name="Fields">What its fields are.</param>
    internal sealed record Entry(string Text, string Like, IReadOnlyDictionary<string, string> Fields);
}
