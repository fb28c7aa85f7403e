using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.Consensus.Tests;

/// <summary>Time and chance come into the core from outside, and it starts nothing of its own, or no run could be repeated.</summary>
[TestFixture]
internal sealed partial class ForbiddenApiTests
{
    [Test]
    public void The_core_asks_nobody_for_time_chance_threads_files_or_logs() =>
        Assert.That(SourceScan.Matches("Etcdish.Consensus", Forbidden()), Is.Empty);

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
