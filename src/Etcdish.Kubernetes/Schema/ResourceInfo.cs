namespace Etcdish.Kubernetes;

/// <summary>What is known of one resource in one version: a row of the table of kinds.</summary>
public sealed record ResourceInfo
{
    /// <summary>The API group; empty for the core group.</summary>
    public required string Group { get; init; }

    /// <summary>The version, such as <c>v1</c>.</summary>
    public required string Version { get; init; }

    /// <summary>The name in paths, such as <c>pods</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The name of one, such as <c>pod</c>.</summary>
    public required string Singular { get; init; }

    /// <summary>The kind, such as <c>Pod</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Whether objects live in namespaces.</summary>
    public required bool IsNamespaced { get; init; }

    /// <summary>Short names that kubectl understands.</summary>
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>Categories such as <c>all</c>.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>The verbs of the resource itself, in alphabetical order.</summary>
    public IReadOnlyList<string> Verbs { get; init; } = [];

    /// <summary>The subresources, in alphabetical order.</summary>
    public IReadOnlyList<SubresourceInfo> Subresources { get; init; } = [];

    /// <summary>The columns of its table.</summary>
    public IReadOnlyList<PrinterColumn> Columns { get; init; } = [];

    /// <summary>Fields that field selectors may name beside <c>metadata.name</c> and <c>metadata.namespace</c>.</summary>
    public IReadOnlyList<string> SelectableFields { get; init; } = [];

    /// <summary>The type of its objects.</summary>
    public required StructType Type { get; init; }

    /// <summary>Group and version as <c>apiVersion</c> has them.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";
}

/// <summary>A subresource.</summary>
/// <param name="Name">The name behind the object's, such as <c>status</c>.</param>
/// <param name="Verbs">Its verbs, in alphabetical order.</param>
/// <param name="ApiVersion">The group version of its kind if that is not the resource's own, else null.</param>
/// <param name="Kind">Its kind if that is not the resource's own, else null.</param>
public sealed record SubresourceInfo(string Name, IReadOnlyList<string> Verbs, string? ApiVersion, string? Kind);

/// <summary>A column of a table.</summary>
/// <param name="Name">Its head.</param>
/// <param name="IsWide">Whether only <c>-o wide</c> shows it.</param>
public sealed record PrinterColumn(string Name, bool IsWide);
