using System.Buffers.Binary;
using Etcdish.Testing;

namespace Etcdish.Log.Tests;

/// <summary>
/// The power goes out at every operation of a scripted life of a log, with several outcomes for the unsynced sectors each, and at random
/// operations of random lives. What was acknowledged must be there afterwards, whole and in order, and the log must go on.
/// </summary>
public sealed class CrashTests
{
    private const string Folder = "/log";
    private const int OutcomesPerPoint = 4;
    private const int RandomLives = 300;

    [Test]
    public void A_crash_at_any_operation_loses_nothing_that_was_acknowledged()
    {
        var rehearsal = new Life(new SimulatedDisk(), seed: 1);
        rehearsal.Run();
        var operations = rehearsal.Disk.Operations;
        Assert.That(operations, Is.GreaterThan(150));
        for (var crashAt = 1; crashAt <= operations; crashAt++)
        {
            for (var outcome = 0; outcome < OutcomesPerPoint; outcome++)
            {
                CrashAndCheck(seed: 1, crashAt, outcome);
            }
        }
    }

    [Test]
    public void Random_lives_with_random_crashes_lose_nothing_that_was_acknowledged()
    {
        for (var seed = 100; seed < 100 + RandomLives; seed++)
        {
            CrashAndCheck(seed, new Random(seed).Next(1, 200), outcome: seed);
        }
    }

    [Test]
    public void After_a_failed_sync_nothing_is_acknowledged_and_a_restart_sees_what_the_device_has()
    {
        var rehearsal = new Life(new SimulatedDisk(), seed: 1);
        rehearsal.Run();
        Assert.That(rehearsal.Disk.Syncs, Is.GreaterThan(50));
        for (var failAt = 1; failAt <= rehearsal.Disk.Syncs; failAt++)
        {
            var life = new Life(new SimulatedDisk { FailSyncAt = failAt }, seed: 1);
            Assert.That(life.Run, Throws.InstanceOf<IOException>(), $"sync {failAt}");
            Assert.That(life.WritesAfterFailure, Is.Zero, $"sync {failAt}");

            // The process restarts on the same kernel, whose cache shows pages that the device never got; then the power goes out.
            var acknowledged = life.Acknowledged;
            Life.Check(life.Disk, acknowledged, $"restart after sync {failAt}");
            Life.Check(life.Disk.Restart(new Random(failAt)), acknowledged, $"power loss after sync {failAt}");
        }
    }

    [Test]
    public void A_full_disk_drops_the_batch_whole_and_space_lets_the_log_go_on()
    {
        var disk = new SimulatedDisk { CapacityBytes = (2 * LogOptions.MinSegmentBytes) + DurableMark.FileBytes };
        using var log = SegmentedLog.Open(Folder, Life.Options(disk));
        log.Recover(LogPosition.Beginning);
        ulong committed = 0;
        void FillUp()
        {
            while (true)
            {
                log.Append(0, committed + 1, 1, Life.PayloadOf(committed + 1));
                log.Append(0, committed + 2, 1, Life.PayloadOf(committed + 2));
                log.Commit();
                committed += 2;
            }
        }

        Assert.That(FillUp, Throws.InstanceOf<DiskFullException>());
        Assert.That(log.IsSpaceShort, Is.True);
        Assert.That(log.Replay(LogPosition.Beginning).Count(), Is.EqualTo((int)committed));
        Assert.That(FillUp, Throws.InstanceOf<DiskFullException>(), "still full");
        disk.CapacityBytes = long.MaxValue;
        log.Append(0, committed + 1, 1, Life.PayloadOf(committed + 1));
        log.Commit();
        committed++;
        Assert.That(log.IsSpaceShort, Is.False);
        log.Dispose();
        Life.Check(disk.Restart(new Random(1)), committed, "after the disk was full");
    }

    private static void CrashAndCheck(int seed, int crashAt, int outcome)
    {
        var context = $"seed {seed}, crash at operation {crashAt}, outcome {outcome}";
        var life = new Life(new SimulatedDisk { CrashAt = crashAt }, seed);
        try
        {
            life.Run();
        }
        catch (Exception e) when (e is SimulatedCrashException or LogFailedException { InnerException: SimulatedCrashException })
        {
            Assert.That(life.WritesAfterFailure, Is.Zero, context);
        }

        var random = new Random((crashAt * 31) + outcome);
        SimulatedDisk disk = life.Disk.Restart(random);

        // The power may go out again while the log recovers.
        disk.CrashAt = random.Next(2) == 0 ? random.Next(1, 12) : 0;
        try
        {
            Life.Check(disk, life.Acknowledged, context);
        }
        catch (Exception e) when (e is SimulatedCrashException or LogFailedException { InnerException: SimulatedCrashException })
        {
            Life.Check(disk.Restart(random), life.Acknowledged, context + ", then a crash during recovery");
        }
    }

    /// <summary>A log's life: batches, segments that fill up, checkpoints, and deleted segments, drawn from a seed.</summary>
    private sealed class Life(SimulatedDisk disk, int seed)
    {
        private const int Batches = 40;

        public SimulatedDisk Disk { get; } = disk;

        public ulong Acknowledged { get; private set; }

        /// <summary>Commits that returned normally after one had failed.</summary>
        public int WritesAfterFailure { get; private set; }

        public static LogOptions Options(SimulatedDisk disk) => new()
        {
            SegmentBytes = LogOptions.MinSegmentBytes,
            ClusterId = 1,
            MemberId = 2,
            Salt = 3,
            PrepareInBackground = false,
            Disk = disk,
        };

        public static byte[] PayloadOf(ulong index) => LogFixture.PayloadOf(index, (int)(index * 7919 % 9000));

        public void Run()
        {
            LogOptions options = Options(Disk);
            using var log = SegmentedLog.Open(Folder, options);
            log.Recover(LogPosition.Beginning);
            var random = new Random(seed);
            for (var batch = 0; batch < Batches; batch++)
            {
                var last = Acknowledged + (ulong)random.Next(1, 5);
                try
                {
                    AppendUpTo(log, last);
                }
                catch (IOException)
                {
                    TryOnceMore(log, last);
                    throw;
                }

                Acknowledged = last;
                if (batch % 9 == 8)
                {
                    WriteCheckpointAndDelete(log, options);
                }
            }
        }

        /// <summary>Recovers, compares with what was acknowledged, appends, closes, and does it again.</summary>
        public static void Check(SimulatedDisk disk, ulong acknowledged, string context)
        {
            LogOptions options = Options(disk);
            for (var round = 0; round < 2; round++)
            {
                using var log = SegmentedLog.Open(Folder, options);
                CheckpointLookup lookup = new CheckpointStore(Folder, options).OpenNewest();
                Assert.That(lookup.Damaged, Is.Empty, context);
                using Checkpoint? checkpoint = lookup.Newest;
                var index = checkpoint is null ? 0 : AppliedIn(checkpoint);
                foreach (LogRecord record in log.Replay(checkpoint?.ReplayFrom ?? LogPosition.Beginning))
                {
                    index++;
                    var isRight = record.Index == index && record.Bytes.Span.SequenceEqual(PayloadOf(index));
                    if (!isRight)
                    {
                        Assert.Fail($"{context}: record {index} came back as {record.Index}, or changed");
                    }
                }

                if (index < acknowledged)
                {
                    Assert.Fail($"{context}: {acknowledged} was acknowledged, {index} is the last one there");
                }

                log.Append(0, index + 1, 1, PayloadOf(index + 1));
                log.Commit();
                acknowledged = index + 1;
            }
        }

        private void AppendUpTo(SegmentedLog log, ulong last)
        {
            for (var index = Acknowledged + 1; index <= last; index++)
            {
                log.Append(0, index, 1, PayloadOf(index));
            }

            log.Commit();
        }

        private void TryOnceMore(SegmentedLog log, ulong last)
        {
            try
            {
                log.Append(0, last + 1, 1, PayloadOf(last + 1));
                log.Commit();
                WritesAfterFailure++;
            }
            catch (LogFailedException)
            {
                // As it should be: the log is poisoned.
            }
        }

        private void WriteCheckpointAndDelete(SegmentedLog log, LogOptions options)
        {
            LogPosition replayFrom = log.End;
            var applied = Acknowledged;
            new CheckpointStore(Folder, options).Write(applied, replayFrom, writer =>
            {
                for (ulong index = 1; index <= applied; index++)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(writer.GetSpan(sizeof(ulong)), index);
                    writer.Advance(sizeof(ulong));
                }
            });
            foreach (SegmentInfo segment in log.Segments)
            {
                if (segment.Sealed && segment.Number < replayFrom.Segment)
                {
                    log.DeleteSegment(segment.Number);
                }
            }
        }

        private static ulong AppliedIn(Checkpoint checkpoint)
        {
            ulong index = 0;
            while (checkpoint.TryReadBlock(out ReadOnlySpan<byte> block))
            {
                for (; block.Length > 0; block = block[sizeof(ulong)..])
                {
                    index++;
                    Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(block), Is.EqualTo(index));
                }
            }

            Assert.That(checkpoint.AppliedIndex, Is.EqualTo(index));
            return index;
        }
    }
}
