using System.Text.RegularExpressions;

namespace Etcdish.Store.Tests;

/// <summary>Time, chance, threads and files come into the store from outside, or the simulator could not repeat a run.</summary>
[TestFixture]
internal sealed partial class ForbiddenApiTests
{
    [Test]
    public void The_store_asks_nobody_for_time_chance_threads_or_files()
    {
        var room = Path.Combine(FindRoot(), "src", "Etcdish.Store");
        var files = Directory.GetFiles(room, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .ToList();
        Assert.That(files, Has.Count.GreaterThan(20));
        var offences =
            from file in files
            from line in File.ReadLines(file).Select((text, index) => (text, number: index + 1))
            where Forbidden().IsMatch(line.text)
            select $"{Path.GetRelativePath(room, file)}:{line.number}: {line.text.Trim()}";
        Assert.That(offences, Is.Empty);
    }

    [TestCase("var now = DateTime.UtcNow;", ExpectedResult = true)]
    [TestCase("Task.Run(() => 1);", ExpectedResult = true)]
    [TestCase("profile.Read();", ExpectedResult = false)]
    public bool The_pattern_finds_what_it_should(string line) => Forbidden().IsMatch(line);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Etcdish.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("no Etcdish.sln above the tests");
        }

        return folder.FullName;
    }

    [GeneratedRegex(
        @"\b(DateTime(Offset)?\.(UtcNow|Now|Today)|Random\.Shared|new Random\(|Guid\.NewGuid|Task\.(Run|Delay)|Thread\.Sleep|Stopwatch\b"
        + @"|Environment\.TickCount|TimeProvider\.System|File\.|FileStream\b|Directory\.|Console\.|ILogger\b)")]
    private static partial Regex Forbidden();
}
