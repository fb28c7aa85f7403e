namespace Etcdish.Kubernetes;

/// <summary>Where the text of a notation file comes from.</summary>
internal sealed record NotationSource(string Name, Func<TextReader> Open)
{
    private const string TableName = "resources.table";

    public static List<NotationSource> Embedded() =>
    [
        .. typeof(NotationSource).Assembly.GetManifestResourceNames()
            .Where(n => n.EndsWith(".schema", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(n => new NotationSource(n, () => OpenEmbedded(n))),
    ];

    public static string EmbeddedTable()
    {
        using var reader = OpenEmbedded(TableName);
        return reader.ReadToEnd();
    }

    public string FirstLine()
    {
        using var reader = Open();
        return reader.ReadLine() ?? "";
    }

    public string Text()
    {
        using var reader = Open();
        return reader.ReadToEnd();
    }

    private static StreamReader OpenEmbedded(string name) =>
        new(typeof(NotationSource).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"no resource {name}"));
}
