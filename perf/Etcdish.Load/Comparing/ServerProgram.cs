namespace Etcdish.Load.Comparing;

/// <summary>An executable that understands etcd's flags.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Executable">Path, or a name to be found on the PATH.</param>
/// <param name="LeadingArguments">Arguments before the flags.</param>
internal sealed record ServerProgram(string Name, string Executable, IReadOnlyList<string> LeadingArguments)
{
    private const string BuiltAt = "src/Etcdish.Cli/bin/Release/net10.0/etcdish";

    /// <summary>Flags beside those that every server gets.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>Genuine etcd.</summary>
    public static ServerProgram Etcd(string executable) => new("etcd", executable, []);

    /// <summary>Ours, as built from this repository unless a path is given.</summary>
    /// <exception cref="ArgumentException">It was not built.</exception>
    public static ServerProgram Etcdish(string? executable)
    {
        string path = executable ?? FindBuilt();
        return File.Exists(path)
            ? new ServerProgram("etcdish", path, ["server"])
            : throw new ArgumentException($"{path} does not exist: build it with dotnet build -c Release src/Etcdish.Cli");
    }

    private static string FindBuilt()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Etcdish.sln")))
            {
                return Path.Combine(folder.FullName, BuiltAt);
            }
        }

        return BuiltAt;
    }
}
