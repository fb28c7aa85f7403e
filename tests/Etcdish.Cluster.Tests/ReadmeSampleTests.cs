using System.Text.RegularExpressions;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests;

/// <summary>The README's samples are the bodies of two methods, line by line, and do what they say.</summary>
public partial class ReadmeSampleTests
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

    // The README's ports are fixed; these are free.
    private static async Task GroupSample(TextWriter Console, int[] ports)
    {
        // sample begins
        Dictionary<string, string> group = new()
        {
            ["ann"] = $"http://127.0.0.1:{ports[0]}",
            ["bob"] = $"http://127.0.0.1:{ports[1]}",
            ["cid"] = $"http://127.0.0.1:{ports[2]}",
        };
        EtcdCluster[] members = await Task.WhenAll(group.Keys.Select(name => EtcdCluster.StartAsync(
            new EtcdClusterOptions { Name = name, DataDirectory = $"{name}.db", Members = group })));

        ulong leaderId = await members[0].WaitForLeaderAsync();
        EtcdCluster leader = members.Single(member => member.MemberId == leaderId);
        EtcdCluster[] others = [.. members.Where(member => member != leader)];

        IAsyncEnumerable<WatchEvent> watch = others[1].Store.WatchAsync("colour");
        await others[0].Store.PutAsync("colour", "green");

        await leader.DisposeAsync(); // hands leadership over: nobody waits for an election
        await others[0].Store.PutAsync("colour", "blue");
        Console.WriteLine($"read {(await others[1].Store.GetAsync("colour"))?.Value}");

        await foreach (WatchEvent change in watch)
        {
            Console.WriteLine($"seen {change.Pair.Value}");
            if (change.Pair.Value == "blue")
            {
                break;
            }
        }

        await others[0].DisposeAsync();
        await others[1].DisposeAsync();

        // sample ends
    }

    [Test]
    public Task The_sample_runs() => AssertPrintsAsync(
        Sample, "swapped: True\nnow blue\nthen green\n2 app/colour = green\n3 app/colour = blue\n3 app/changed = yes\n");

    [Test]
    public Task The_sample_of_a_group_runs()
    {
        int[] ports = [FreePorts.Take(), FreePorts.Take(), FreePorts.Take()];
        return AssertPrintsAsync(output => GroupSample(output, ports), "read blue\nseen green\nseen blue\n");
    }

    [TestCase(0, 30)]
    [TestCase(1, 40)]
    public void The_README_shows_the_sample(int number, int maxLines)
    {
        string root = RepositoryRoot.Find();
        string[] source = File.ReadAllLines(
            Path.Combine(root, "tests", "Etcdish.Cluster.Tests", nameof(ReadmeSampleTests) + ".cs"));
        int begin = IndexOf(source, "// sample begins", number) + 1;
        int end = IndexOf(source, "// sample ends", number);
        IEnumerable<string> sample = source[begin..end].Select(line => line.Length >= 8 ? line[8..] : line).Where(line => line.Length > 0);

        string[] readme = File.ReadAllLines(Path.Combine(root, "README.md"));
        int fence = IndexOf(readme, "```csharp", number) + 1;
        string[] shown = readme[fence..Array.IndexOf(readme, "```", fence)];
        Assert.That(
            shown.Where(line => line.Length > 0 && !line.StartsWith("using Etcdish.", StringComparison.Ordinal)),
            Is.EqualTo(sample.Select(line => FreePort().Replace(line, "\"http://127.0.0.1:1238$1\""))));
        Assert.That(shown, Has.Length.LessThan(maxLines));
    }

    private static async Task AssertPrintsAsync(Func<TextWriter, Task> sample, string expected)
    {
        using TemporaryFolder folder = new();
        string home = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(folder.Path);
        try
        {
            StringWriter output = new() { NewLine = "\n" };
            await sample(output);
            Assert.That(output.ToString(), Is.EqualTo(expected));
        }
        finally
        {
            Directory.SetCurrentDirectory(home);
        }
    }

    private static int IndexOf(string[] lines, string wanted, int number) =>
        lines.Index().Where(line => line.Item.Trim() == wanted).ElementAt(number).Index;

    [GeneratedRegex(@"\$""http://127\.0\.0\.1:\{ports\[(\d)\]\}""")]
    private static partial Regex FreePort();
}
