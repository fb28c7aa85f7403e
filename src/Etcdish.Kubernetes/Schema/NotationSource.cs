namespace Etcdish.Kubernetes;

/// <summary>The notation files that are built in.</summary>
internal static class NotationSource
{
    /// <summary>The text of a file: of a group version's, such as <c>apps.v1.schema</c>, or of the table of resources.</summary>
    public static string Read(string file)
    {
        using var stream = typeof(NotationSource).Assembly.GetManifestResourceStream(file)
            ?? throw new InvalidOperationException($"the built-in file {file} is missing");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
