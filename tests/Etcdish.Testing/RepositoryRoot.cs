namespace Etcdish.Testing;

/// <summary>The folder of the repository that the tests were built in.</summary>
public static class RepositoryRoot
{
    /// <summary>The folder above the tests' programs that holds the solution.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none.</exception>
    public static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Etcdish.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException($"no Etcdish.sln above {AppContext.BaseDirectory}");
        }

        return folder.FullName;
    }
}
