namespace Etcdish.Kubelet.Images;

/// <summary>A name of an image, taken apart by the grammar of registries: <c>registry/path:tag@digest</c>.</summary>
/// <param name="Registry">The registry with its port; docker.io if the name has none.</param>
/// <param name="Path">The repository in it; on docker.io one without a folder is in library.</param>
/// <param name="Tag">The tag, or empty.</param>
/// <param name="Digest">The digest, or empty.</param>
internal sealed record ImageName(string Registry, string Path, string Tag, string Digest)
{
    private const string DefaultRegistry = "docker.io";
    private const string OldDefaultRegistry = "index.docker.io";
    private const string DefaultFolder = "library/";
    private const int LongestRepository = 255;

    /// <summary>Registry and path, as credentials are matched by.</summary>
    public string Repository => $"{Registry}/{Path}";

    /// <summary>All of it, nothing left to defaults but the tag of one with a digest.</summary>
    public string Full => Repository + (Tag.Length > 0 ? ":" + Tag : "") + (Digest.Length > 0 ? "@" + Digest : "");

    /// <summary>Takes a name apart.</summary>
    /// <param name="text">The name, as pods write it.</param>
    /// <param name="problem">What is wrong with it, in the words of registries' own tools; empty: nothing.</param>
    /// <returns>The name; null: it is none.</returns>
    public static ImageName? Parse(string text, out string problem)
    {
        problem = "";
        if (ImageReference.Parse(text) is not { } reference || ImageReference.IsIdentifier(text))
        {
            problem = text.Length == 0 ? "repository name must have at least one component"
                : ImageReference.Parse(text.ToLowerInvariant()) is not null && !ImageReference.IsIdentifier(text)
                    ? $"invalid reference format: repository name ({text}) must be lowercase"
                    : "invalid reference format";
            return null;
        }

        var (registry, path) = Split(reference.Name);
        if (registry.Length + path.Length + 1 > LongestRepository)
        {
            problem = $"repository name must not be more than {LongestRepository} characters";
            return null;
        }

        return new ImageName(registry, path, reference.Tag, reference.Digest);
    }

    /// <summary>A name with the tag latest, if it has neither tag nor digest; else as it is, and never with a registry it does not name.</summary>
    public static string WithDefaultTag(string text, ImageName parsed) =>
        parsed.Tag.Length + parsed.Digest.Length == 0 ? text + ":latest" : text;

    private static (string Registry, string Path) Split(string name)
    {
        var slash = name.IndexOf('/');
        var first = slash < 0 ? "" : name[..slash];
        var isRegistry = first == "localhost" || first.AsSpan().IndexOfAny(".:[") >= 0
            || !string.Equals(first, first.ToLowerInvariant(), StringComparison.Ordinal);
        var (registry, path) = isRegistry ? (first, name[(slash + 1)..]) : (DefaultRegistry, name);
        registry = registry == OldDefaultRegistry ? DefaultRegistry : registry;
        return (registry, registry == DefaultRegistry && !path.Contains('/') ? DefaultFolder + path : path);
    }
}
