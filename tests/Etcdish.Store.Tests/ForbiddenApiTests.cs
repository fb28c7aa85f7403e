using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.Store.Tests;

/// <summary>Time, chance, threads and files come into the store from outside, or the simulator could not repeat a run.</summary>
[TestFixture]
internal sealed partial class ForbiddenApiTests
{
    [Test]
    public void The_store_asks_nobody_for_time_chance_threads_or_files() =>
        Assert.That(SourceScan.Matches("Etcdish.Store", Forbidden()), Is.Empty);

    [TestCase("var now = DateTime.UtcNow;", ExpectedResult = true)]
    [TestCase("Task.Run(() => 1);", ExpectedResult = true)]
    [TestCase("profile.Read();", ExpectedResult = false)]
    public bool The_pattern_finds_what_it_should(string line) => Forbidden().IsMatch(line);

    [GeneratedRegex(
        @"\b(DateTime(Offset)?\.(UtcNow|Now|Today)|Random\.Shared|new Random\(|Guid\.NewGuid|Task\.(Run|Delay)|Thread\.Sleep|Stopwatch\b"
        + @"|Environment\.TickCount|TimeProvider\.System|File\.|FileStream\b|Directory\.|Console\.|ILogger\b)")]
    private static partial Regex Forbidden();
}
