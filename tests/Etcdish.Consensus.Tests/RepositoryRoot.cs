namespace Etcdish.Consensus.Tests;

internal static class RepositoryRoot
{
    internal static string Find()
    {
        var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Etcdish.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("no Etcdish.sln above the tests");
        }

        return folder.FullName;
    }
}
