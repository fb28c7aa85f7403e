using System.Diagnostics;

namespace Etcdish.Log.Tests;

/// <summary>A real file system of four mebibytes that fills up. Needs root, for mount.</summary>
public sealed class FullDiskTests : LogFixture
{
    private string Mount => Path.Combine(Folder, "small");

    [SetUp]
    public void MountSmallDisk()
    {
        Directory.CreateDirectory(Mount);
        if (!Environment.IsPrivilegedProcess || Run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", Mount) != 0)
        {
            Assert.Ignore("mounting a tmpfs is not permitted here: run the tests as root");
        }
    }

    [TearDown]
    public void UnmountSmallDisk() => Run("umount", Mount);

    [TestCase(true)]
    [TestCase(false)]
    public void Writes_fail_clearly_reads_go_on_and_space_brings_the_log_back(bool prepareInBackground)
    {
        var data = Path.Combine(Mount, "data");
        var options = new LogOptions { SegmentBytes = LogOptions.MinSegmentBytes, PrepareInBackground = prepareInBackground };
        ulong committed = 0;
        using (var log = SegmentedLog.Open(data, options))
        {
            log.Recover(LogPosition.Beginning);
            var first = new LogPosition(1, LogPosition.Beginning.Offset + 32);
            void FillUp()
            {
                while (true)
                {
                    log.Append(0, committed + 1, 1, PayloadOf(committed + 1, 5000));
                    log.Commit();
                    committed++;
                }
            }

            Assert.That(FillUp, Throws.InstanceOf<DiskFullException>());
            Assert.That(committed, Is.GreaterThan(600));
            var bytes = new byte[5000];
            log.Read(first.Segment, first.Offset, bytes);
            Assert.That(bytes.AsSpan().SequenceEqual(PayloadOf(1, 5000)), Is.True);
            Assert.That(FillUp, Throws.InstanceOf<DiskFullException>(), "still full");
            Assert.That(
                () => new CheckpointStore(data, options).Write(committed, log.End, writer =>
                {
                    writer.GetSpan(1 << 20)[..(1 << 20)].Clear();
                    writer.Advance(1 << 20);
                }),
                Throws.InstanceOf<DiskFullException>());

            Assert.That(Run("mount", "-o", "remount,size=8m", Mount), Is.Zero);
            var before = committed;
            log.Append(0, committed + 1, 1, PayloadOf(committed + 1, 5000));
            log.Commit();
            committed++;
            Assert.That(committed, Is.EqualTo(before + 1));
        }

        using var reopened = SegmentedLog.Open(data, options);
        ulong expected = 0;
        foreach (LogRecord record in reopened.Replay(LogPosition.Beginning))
        {
            expected++;
            Assert.That(record.Index, Is.EqualTo(expected));
            Assert.That(record.Bytes.Span.SequenceEqual(PayloadOf(expected, 5000)), Is.True);
        }

        Assert.That(expected, Is.EqualTo(committed));
    }

    private static int Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
