namespace Etcdish.Kubelet.Volumes;

/// <summary>Files that a volume is to show, by their paths in it. Of files of one path the last counts.</summary>
internal sealed class Payload
{
    private const int LongestPath = 4096;
    private const int LongestName = 255;
    private readonly SortedDictionary<string, PayloadFile> _files = new(StringComparer.Ordinal);

    /// <summary>The files, in the order of their paths.</summary>
    public IReadOnlyDictionary<string, PayloadFile> Files => _files;

    /// <summary>What stands first in the paths: what the volume's root shows.</summary>
    public IEnumerable<string> Roots => _files.Keys.Select(path => path.Split('/')[0]).Distinct();

    /// <summary>Adds a file.</summary>
    /// <exception cref="FormatException">The path leads out of the volume, or is none.</exception>
    public void Add(string path, PayloadFile file) => _files[Clean(path)] = file;

    private static string Clean(string path)
    {
        var problem = path.Length == 0 ? "must not be empty: \"\""
            : path[0] == '/' ? $"must be relative path: {path}"
            : path.Length > LongestPath ? $"must be less than or equal to {LongestPath} characters"
            : null;
        var names = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(name => name != ".").ToArray();
        problem ??= names.Length == 0 ? $"must name a file: {path}"
            : names.Contains("..") ? $"must not contain '..': {path}"
            : Array.Exists(names, name => System.Text.Encoding.UTF8.GetByteCount(name) > LongestName)
                ? $"filenames must be less than or equal to {LongestName} characters"
            : names[0].StartsWith("..", StringComparison.Ordinal) ? $"must not start with '..': {path}"
            : path.Contains('\0') ? "must not contain a zero"
            : null;
        return problem is null ? string.Join('/', names) : throw new FormatException($"invalid path: {problem}");
    }
}

/// <summary>A file of a volume.</summary>
/// <param name="Content">What it holds.</param>
/// <param name="Mode">Who may read it.</param>
/// <param name="Uid">Whose it is; null: root's.</param>
internal readonly record struct PayloadFile(byte[] Content, int Mode, long? Uid = null);
