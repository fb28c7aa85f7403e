namespace Etcdish.Kubernetes.Tests;

/// <summary>Pairs of the same object as Go wrote it in JSON and in protobuf, which lie in a folder beside the repository.</summary>
internal static class SampleObjects
{
    private const string Folder = "kubernetes-samples-v1.35";

    public static string? Path { get; } = Find();

    public static IEnumerable<string> Names() => Path is null
        ? ["missing"]
        : Directory.GetFiles(Path, "*.json").Select(f => System.IO.Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal);

    public static byte[] Json(string name) => Read(name + ".json");

    public static byte[] Protobuf(string name) => Read(name + ".pb");

    /// <summary>The type of a sample: only a watch event does not say what it is.</summary>
    public static StructType? TypeOf(string name) =>
        name == "core.v1.WatchEvent" ? SchemaCatalog.BuiltIn.GetStruct("meta/v1.WatchEvent") : null;

    private static byte[] Read(string file)
    {
        if (Path is null)
        {
            Assert.Ignore($"the folder ../shared/data/{Folder} beside the repository is missing: it holds objects as Go writes them");
        }

        return File.ReadAllBytes(System.IO.Path.Combine(Path!, file));
    }

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = System.IO.Path.Combine(folder.FullName, "shared", "data", Folder);
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
