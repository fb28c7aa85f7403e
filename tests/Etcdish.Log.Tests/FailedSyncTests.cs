using System.Diagnostics;
using System.Globalization;

namespace Etcdish.Log.Tests;

/// <summary>
/// A real process on the real disk, in which strace makes one fsync or fdatasync return EIO. The base class library of the runtime at hand
/// would not have noticed; ours must stop the log, say so, and acknowledge nothing any more.
/// </summary>
public sealed class FailedSyncTests : LogFixture
{
    private const int Records = 40;

    // Of the 40-odd calls: those of the creation, the commits, the preparation of segments, the last one at closing.
    [TestCase("fdatasync", 1)]
    [TestCase("fdatasync", 2)]
    [TestCase("fdatasync", 4)]
    [TestCase("fdatasync", 7)]
    [TestCase("fdatasync", 19)]
    [TestCase("fdatasync", 33)]
    [TestCase("fdatasync", 45)]
    [TestCase("fsync", 1)]
    [TestCase("fsync", 3)]
    [TestCase("fsync", 4)]
    public void A_failed_sync_ends_the_process_loudly_and_nothing_is_acknowledged_after_it(string call, int when)
    {
        if (!File.Exists("/usr/bin/strace"))
        {
            const string missing = "strace is not installed: apt-get install strace";
            if (Environment.GetEnvironmentVariable("ETCDISH_REQUIRE_TOOLS") == "1")
            {
                Assert.Fail(missing);
            }

            Assert.Ignore(missing);
        }

        (var exitCode, var output, var errors) = RunProgram($"inject={call}:error=EIO:when={when}");
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(exitCode, Is.EqualTo(70), errors);
        Assert.That(errors, Does.Contain($"{call} of ").And.Contain("errno 5"));
        Assert.That(lines.SkipWhile(line => line != "failed"), Is.Not.Empty.And.All.EqualTo("failed"));

        var acknowledged = lines.TakeWhile(line => line != "failed")
            .Select(line => ulong.Parse(line, CultureInfo.InvariantCulture)).ToList();
        using var log = SegmentedLog.Open(Folder, new LogOptions { SegmentBytes = LogOptions.MinSegmentBytes });
        var found = log.Replay(LogPosition.Beginning).Select(record => record.Index).ToList();
        Assert.That(found.Count, Is.GreaterThanOrEqualTo(acknowledged.Count));
        Assert.That(found.Take(acknowledged.Count), Is.EqualTo(acknowledged));
    }

    private (int ExitCode, string Output, string Errors) RunProgram(string injection)
    {
        var program = Path.Combine(TestContext.CurrentContext.TestDirectory, "Etcdish.Log.FaultProgram.dll");
        string[] arguments =
        [
            "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", injection,
            Environment.ProcessPath!, program, Folder, Records.ToString(CultureInfo.InvariantCulture),
        ];
        using var process = Process.Start(
            new ProcessStartInfo("strace", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.GetAwaiter().GetResult());
    }
}
