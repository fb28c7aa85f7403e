namespace Etcdish.Kubernetes;

/// <summary>The notation files that are built in.</summary>
internal static class NotationSource
{
    /// <summary>The text of a file: of a group version's, such as <c>apps.v1.schema</c>, or of the table of resources.</summary>
    public static string Read(string file) =>
        TryRead(file) ?? throw new InvalidOperationException($"the built-in file {file} is missing");

    /// <summary>The text of a file, also of a group version's texts, such as <c>apps.v1.text</c>; null if there is none.</summary>
    public static string? TryRead(string file)
    {
        using var stream = typeof(NotationSource).Assembly.GetManifestResourceStream(file);
        if (stream is null)
        {
            return null;
        }

        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
