using System.Collections.Concurrent;

namespace Etcdish.Kubernetes;

/// <summary>
/// The built-in types and resources. Opening the catalogue reads the table of resources; a group version is read when a type of it is first
/// asked for, and a type when its fields are. Safe for use by many threads.
/// </summary>
public sealed class SchemaCatalog
{
    private const string MetaName = "meta/v1";

    private readonly Dictionary<string, Lazy<NotationFile>> _fileByName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _nameByGroupVersion = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, StructType> _structs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, EnumType> _enums = new(StringComparer.Ordinal);

    internal SchemaCatalog(string resourceTable, Func<string, string> readFile)
    {
        var table = new ResourceTable(this);
        Resources = table.Read(resourceTable);
        foreach (var (name, groupVersion) in table.GroupVersionByName)
        {
            var file = name.Replace('/', '.') + ".schema";
            _nameByGroupVersion.Add(groupVersion, name);
            _fileByName.Add(name, new Lazy<NotationFile>(() => new NotationFile(file, readFile(file))));
        }
    }

    /// <summary>The catalogue of Kubernetes 1.35's built-in kinds.</summary>
    public static SchemaCatalog BuiltIn => Holder.Instance;

    /// <summary>The built-in resources; a resource with several versions has an entry for each, the preferred one first.</summary>
    public IReadOnlyList<ResourceInfo> Resources { get; }

    /// <summary>Finds the type of an object by its <c>apiVersion</c> and <c>kind</c>, also of lists and of requests' options.</summary>
    /// <returns>The type, or null if no built-in kind has these.</returns>
    public StructType? FindKind(string apiVersion, string kind)
    {
        if (_nameByGroupVersion.TryGetValue(apiVersion, out var name) && IsObject(name, kind))
        {
            return GetStruct($"{name}.{kind}");
        }

        // Clients name options and watch events by the group version they work in; the rest of the shared kinds belongs to v1.
        var isShared = apiVersion == "v1" || kind == "WatchEvent" || kind.EndsWith("Options", StringComparison.Ordinal);
        return isShared && IsObject(MetaName, kind) ? GetStruct($"{MetaName}.{kind}") : null;
    }

    /// <summary>The struct of this name, such as <c>core/v1.PodSpec</c>.</summary>
    /// <remarks>A name that no file defines is noticed, by a <see cref="FormatException"/>, when its fields are used.</remarks>
    public StructType GetStruct(string name) => _structs.GetOrAdd(
        name,
        static (name, catalog) => new StructType(name, () => catalog.File(name, out var local).ReadStruct(local, catalog)),
        this);

    internal EnumType GetEnum(string name) => _enums.GetOrAdd(
        name,
        static (name, catalog) => new EnumType(name, () => catalog.File(name, out var local).ReadEnum(local)),
        this);

    /// <summary>Names of every struct in every file: reads all of them.</summary>
    internal IEnumerable<string> AllStructNames() =>
        _fileByName.Values.SelectMany(f => f.Value.StructNames.Select(n => $"{f.Value.Name}.{n}")).Order(StringComparer.Ordinal);

    private bool IsObject(string name, string kind) => _fileByName[name].Value.TryDescribe(kind, out var isObject) && isObject;

    private NotationFile File(string name, out string local)
    {
        var dot = name.LastIndexOf('.');
        local = name[(dot + 1)..];
        return dot > 0 && _fileByName.TryGetValue(name[..dot], out var file)
            ? file.Value
            : throw new FormatException($"no notation file defines {name}");
    }

    private static class Holder
    {
        public static readonly SchemaCatalog Instance = new(NotationSource.Read("resources.table"), NotationSource.Read);
    }
}
