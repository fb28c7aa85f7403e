namespace Etcdish.Kubernetes;

/// <summary>Reads the table of resources (see README.md beside it).</summary>
internal sealed class ResourceTable(SchemaCatalog catalog)
{
    private static readonly string[] _allVerbs =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    public Dictionary<string, string> GroupVersionByName { get; } = new(StringComparer.Ordinal);

    public ResourceInfo[] Read(string text)
    {
        var resources = new List<ResourceInfo>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == ' ')
            {
                resources[^1] = ReadDetail(resources[^1], line.Trim());
            }
            else if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is var words && words is ["group", var name, var groupVersion])
            {
                GroupVersionByName.Add(name, groupVersion);
            }
            else
            {
                resources.Add(ReadResource(words));
            }
        }

        return [.. resources];
    }

    private ResourceInfo ReadResource(string[] words)
    {
        if (words is not ["resource", var typeName, var name, "namespaced" or "cluster", ..])
        {
            throw new FormatException($"`{string.Join(' ', words)}`: expected `resource TYPE NAME namespaced|cluster`");
        }

        var (apiVersion, kind) = Split(typeName);
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return new ResourceInfo
        {
            Group = slash < 0 ? "" : apiVersion[..slash],
            Version = apiVersion[(slash + 1)..],
            Name = name,
#pragma warning disable CA1308 // The singular name of a resource is its kind in lower case.
            Singular = kind.ToLowerInvariant(),
#pragma warning restore CA1308
            Kind = kind,
            IsNamespaced = words[3] == "namespaced",
            ShortNames = Option(words, "short="),
            Categories = Option(words, "categories="),
            Verbs = _allVerbs,
            Type = catalog.GetStruct(typeName),
        };
    }

    private ResourceInfo ReadDetail(ResourceInfo resource, string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var rest = line[(space + 1)..];
        var words = rest.Split(' ');
        return line[..Math.Max(0, space)] switch
        {
            "verbs" => resource with { Verbs = words },
            "subresource" => resource with { Subresources = [.. resource.Subresources, ReadSubresource(words)] },
            "columns" => resource with { Columns = [.. rest.Split(", ").Select(c => new PrinterColumn(c.TrimEnd('*'), c.EndsWith('*')))] },
            "selectable" => resource with { SelectableFields = [.. resource.SelectableFields, .. words] },
            _ => throw new FormatException($"`{line}`: expected verbs, subresource, columns or selectable"),
        };
    }

    private SubresourceInfo ReadSubresource(string[] words)
    {
        const string KindOption = "kind=";
        if (!words[^1].StartsWith(KindOption, StringComparison.Ordinal))
        {
            return new SubresourceInfo(words[0], words[1..], null, null);
        }

        var (apiVersion, kind) = Split(words[^1][KindOption.Length..]);
        return new SubresourceInfo(words[0], words[1..^1], apiVersion, kind);
    }

    private (string ApiVersion, string Kind) Split(string typeName)
    {
        var dot = typeName.LastIndexOf('.');
        return (GroupVersionByName[typeName[..dot]], typeName[(dot + 1)..]);
    }

    private static string[] Option(string[] words, string prefix) =>
        Array.Find(words, w => w.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..].Split(',') ?? [];
}
