using System.Collections.Concurrent;

namespace Etcdish.Kubernetes;

/// <summary>
/// What the built-in kinds and their fields are for, in words. A group version's texts are read when one of them is asked for; whoever needs
/// texts makes an instance and lets it go with the document that it writes. Safe for use by many threads.
/// </summary>
public sealed class SchemaTexts
{
    private const string EveryObject = "meta/v1.*";
    private const string EveryList = "meta/v1.*List";

    private readonly ConcurrentDictionary<string, TextFile> _files = new(StringComparer.Ordinal);
    private readonly Func<string, string?> _readFile;

    /// <summary>The built-in texts.</summary>
    public SchemaTexts()
        : this(NotationSource.TryRead)
    {
    }

    internal SchemaTexts(Func<string, string?> readFile) => _readFile = readFile;

    /// <summary>What a kind or struct is; null if nothing is written of it.</summary>
    public string? Of(StructType type)
    {
        if (Find(type.Name) is { } entry)
        {
            return entry.Text;
        }

        var isList = type.IsObject && type.Name.EndsWith("List", StringComparison.Ordinal);
        return isList && type.FindField("items")?.Type.Element?.Struct is { } item
            ? $"A list of {item.Name[(item.Name.LastIndexOf('.') + 1)..]} objects."
            : null;
    }

    /// <summary>What a field of a struct is, also one of a struct inlined into it; null if nothing is written of it.</summary>
    public string? Of(StructType type, Field field)
    {
        for (var name = type.Name; Find(name) is { } entry; name = entry.Like)
        {
            if (entry.Fields.TryGetValue(field.Name, out var text))
            {
                return text;
            }
        }

        foreach (var inlined in type.Fields.Where(f => f.IsInline))
        {
            if (inlined.Type.Struct!.FindField(field.Name) is not null)
            {
                return Of(inlined.Type.Struct, field);
            }
        }

        return type.IsObject ? OfEveryObject(type, field) : null;
    }

    /// <summary>The names of types and fields that a file has texts for, to be held against the schema.</summary>
    internal IEnumerable<(string Type, string? Field)> NamesIn(string groupVersion) => File(groupVersion).Names;

    private string? OfEveryObject(StructType type, Field field)
    {
        var isList = type.Name.EndsWith("List", StringComparison.Ordinal);
        return (isList ? Find(EveryList)?.Fields.GetValueOrDefault(field.Name) : null)
            ?? Find(EveryObject)?.Fields.GetValueOrDefault(field.Name);
    }

    private TextFile.Entry? Find(string typeName)
    {
        var dot = typeName.LastIndexOf('.');
        return dot < 0 ? null : File(typeName[..dot]).Find(typeName[(dot + 1)..]);
    }

    private TextFile File(string groupVersion) => _files.GetOrAdd(
        groupVersion,
        static (name, readFile) =>
        {
            var file = name.Replace('/', '.') + ".text";
            return readFile(file) is { } text ? new TextFile(file, text) : TextFile.Empty;
        },
        _readFile);
}
