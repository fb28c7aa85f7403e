using System.Text.RegularExpressions;

namespace Etcdish.Consensus.Tests;

/// <summary>Time and chance come into the core from outside, and it starts nothing of its own, or no run could be repeated.</summary>
[TestFixture]
internal sealed partial class ForbiddenApiTests
{
    [Test]
    public void The_core_asks_nobody_for_time_chance_threads_files_or_logs()
    {
        var room = Path.Combine(RepositoryRoot.Find(), "src", "Etcdish.Consensus");
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
    [TestCase("await Task.Yield();", ExpectedResult = true)]
    [TestCase("lock (_gate)", ExpectedResult = true)]
    [TestCase("_ring[Random(3)] = clock;", ExpectedResult = false)]
    public bool The_pattern_finds_what_it_should(string line) => Forbidden().IsMatch(line);

    [GeneratedRegex(
        @"\b(DateTime(Offset)?\.|Random\.Shared|new Random\(|Guid\.NewGuid|Task\b|async\b|await\b|lock \(|Thread\b|Stopwatch\b"
        + @"|Environment\.|TimeProvider\b|File\.|FileStream\b|Directory\.|Console\.|ILogger\b|Dictionary<)")]
    private static partial Regex Forbidden();
}
