using System.Text.RegularExpressions;

namespace Etcdish.Testing;

/// <summary>Looks through the sources of a room for what it must not use.</summary>
public static class SourceScan
{
    private const int LeastFiles = 20;

    /// <summary>The lines that match a pattern, as file:line: text.</summary>
    /// <param name="room">Folder below src.</param>
    /// <param name="forbidden">The pattern.</param>
    /// <exception cref="InvalidOperationException">There are so few files that it cannot be the right folder.</exception>
    public static IReadOnlyList<string> Matches(string room, Regex forbidden)
    {
        string folder = Path.Combine(RepositoryRoot.Find(), "src", room);
        string generated = Path.DirectorySeparatorChar + "obj" + Path.DirectorySeparatorChar;
        string[] files =
        [
            .. Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories)
                .Where(file => !file.Contains(generated, StringComparison.Ordinal)),
        ];
        if (files.Length < LeastFiles)
        {
            throw new InvalidOperationException($"only {files.Length} source files in {folder}");
        }

        IEnumerable<string> matches =
            from file in files
            from line in File.ReadLines(file).Index()
            where forbidden.IsMatch(line.Item)
            select $"{Path.GetRelativePath(folder, file)}:{line.Index + 1}: {line.Item.Trim()}";
        return [.. matches];
    }
}
