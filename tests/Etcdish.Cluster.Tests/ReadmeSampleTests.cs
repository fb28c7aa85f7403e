using Etcdish.Store;

namespace Etcdish.Cluster.Tests;

/// <summary>The README's sample is this method's body, line by line, and does what it says.</summary>
public class ReadmeSampleTests
{
    private static async Task Sample(TextWriter Console)
    {
        // sample begins
        await using EtcdStore store = await EtcdStore.OpenAsync("settings.db");

        IAsyncEnumerable<WatchEvent> watch = store.WatchAsync(KeyRange.Prefix("app/"));

        await store.PutAsync("app/colour", "green");
        long before = store.Revision;

        TxnResponse swap = await store.Txn()
            .If(Condition.Value("app/colour", CompareResult.Equal, "green"))
            .Then(Operation.Put("app/colour", "blue"), Operation.Put("app/changed", "yes"))
            .CommitAsync();
        Console.WriteLine($"swapped: {swap.Succeeded}");

        Console.WriteLine($"now {(await store.GetAsync("app/colour"))?.Value}");
        Console.WriteLine($"then {(await store.GetAsync("app/colour", before))?.Value}");

        await foreach (WatchEvent change in watch)
        {
            Console.WriteLine($"{change.Pair.ModRevision} {change.Pair.Key} = {change.Pair.Value}");
            if (change.Pair.Key == "app/changed")
            {
                break;
            }
        }

        // sample ends
    }

    [Test]
    public async Task The_sample_runs()
    {
        using TemporaryFolder folder = new();
        string home = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(folder.Path);
        try
        {
            StringWriter output = new() { NewLine = "\n" };
            await Sample(output);
            Assert.That(output.ToString(), Is.EqualTo(
                "swapped: True\nnow blue\nthen green\n2 app/colour = green\n3 app/colour = blue\n3 app/changed = yes\n"));
        }
        finally
        {
            Directory.SetCurrentDirectory(home);
        }
    }

    [Test]
    public void The_README_shows_the_sample()
    {
        string root = FindRoot();
        string[] source = File.ReadAllLines(
            Path.Combine(root, "tests", "Etcdish.Cluster.Tests", nameof(ReadmeSampleTests) + ".cs"));
        int begin = Array.FindIndex(source, line => line.Trim() == "// sample begins") + 1;
        int end = Array.FindIndex(source, line => line.Trim() == "// sample ends");
        IEnumerable<string> sample = source[begin..end].Select(line => line.Length >= 8 ? line[8..] : line).Where(line => line.Length > 0);

        string[] readme = File.ReadAllLines(Path.Combine(root, "README.md"));
        int fence = Array.IndexOf(readme, "```csharp") + 1;
        string[] shown = readme[fence..Array.IndexOf(readme, "```", fence)];
        Assert.That(shown.Where(line => line.Length > 0 && !line.StartsWith("using Etcdish.", StringComparison.Ordinal)), Is.EqualTo(sample));
        Assert.That(shown, Has.Length.LessThan(30));
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(TestContext.CurrentContext.TestDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Etcdish.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("no Etcdish.sln above the tests");
    }
}
