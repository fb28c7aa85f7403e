namespace Etcdish.Log.Tests;

[Platform("Linux")]
public sealed class SegmentedLogTests : LogFixture
{
    [Test]
    public void What_was_committed_is_replayed_after_reopening_in_order_and_byte_for_byte()
    {
        var positions = new List<LogPosition>();
        using (SegmentedLog log = OpenRecovered())
        {
            for (ulong index = 1; index <= 500; index++)
            {
                positions.Add(log.Append((byte)(index % 5), index, index / 100, PayloadOf(index, (int)(index * 7 % 1500))));
                if (index % 3 == 0)
                {
                    log.Commit();
                }
            }

            log.Commit();
            Assert.That(log.Segments, Has.Count.GreaterThan(3));
        }

        using var reopened = SegmentedLog.Open(Folder, SmallSegments);
        ulong expected = 0;
        foreach (LogRecord record in reopened.Replay(LogPosition.Beginning))
        {
            expected++;
            Assert.That(record.Index, Is.EqualTo(expected));
            Assert.That(record.Kind, Is.EqualTo((byte)(expected % 5)));
            Assert.That(record.Term, Is.EqualTo(expected / 100));
            Assert.That(record.Payload, Is.EqualTo(positions[(int)expected - 1]));
            Assert.That(record.Bytes.Span.SequenceEqual(PayloadOf(expected, (int)(expected * 7 % 1500))), Is.True);
        }

        Assert.That(expected, Is.EqualTo(500));
        Assert.That(reopened.Recovery, Is.EqualTo(new RecoveryReport(500, reopened.End, 0)));
    }

    [Test]
    public void What_was_not_committed_is_gone()
    {
        using (SegmentedLog log = OpenRecovered())
        {
            log.Append(1, 1, 1, "kept"u8);
            log.Commit();
            log.Append(1, 2, 1, "dropped"u8);
        }

        using var reopened = SegmentedLog.Open(Folder, SmallSegments);
        Assert.That(Contents(reopened.Replay(LogPosition.Beginning)).Select(record => record.Index), Is.EqualTo(new ulong[] { 1 }));
    }

    [Test]
    public void A_replay_can_begin_at_any_end_that_the_log_ever_had()
    {
        var ends = new List<LogPosition>();
        using SegmentedLog log = OpenRecovered();
        for (ulong index = 1; index <= 60; index++)
        {
            ends.Add(log.End);
            log.Append(0, index, 1, PayloadOf(index, 3000));
            log.Commit();
        }

        ends.Add(log.End);
        for (var skipped = 0; skipped <= 60; skipped++)
        {
            Assert.That(log.Replay(ends[skipped]).Count(), Is.EqualTo(60 - skipped));
        }

        log.Dispose();
        for (var skipped = 0; skipped <= 60; skipped += 5)
        {
            using var reopened = SegmentedLog.Open(Folder, SmallSegments);
            Assert.That(reopened.Replay(ends[skipped]).Count(), Is.EqualTo(60 - skipped));
            Assert.That(reopened.End, Is.EqualTo(ends[60]));
        }
    }

    [Test]
    public void A_payload_can_be_given_in_two_pieces_and_read_back_from_its_position()
    {
        using SegmentedLog log = OpenRecovered();
        LogPosition position = log.Append(1, 1, 1, "first "u8, "second"u8);
        log.Commit();
        var bytes = new byte[12];
        log.Read(position.Segment, position.Offset, bytes);
        Assert.That(bytes, Is.EqualTo("first second"u8.ToArray()));
    }

    [Test]
    public void A_batch_may_span_several_segments()
    {
        using (SegmentedLog log = OpenRecovered())
        {
            for (ulong index = 1; index <= 40; index++)
            {
                log.Append(0, index, 1, PayloadOf(index, log.MaxPayloadBytes));
            }

            log.Commit();
        }

        using var reopened = SegmentedLog.Open(Folder, SmallSegments);
        Assert.That(reopened.Replay(LogPosition.Beginning).Count(), Is.EqualTo(40));
        Assert.That(reopened.Segments, Has.Count.GreaterThan(10));
    }

    [Test]
    public void A_payload_above_the_limit_is_refused_and_the_batch_stays()
    {
        using SegmentedLog log = OpenRecovered();
        log.Append(0, 1, 1, "fits"u8);
        Assert.That(() => log.Append(0, 2, 1, new byte[log.MaxPayloadBytes + 1]), Throws.InstanceOf<ArgumentOutOfRangeException>());
        log.Commit();
        Assert.That(log.Replay(LogPosition.Beginning).Count(), Is.EqualTo(1));
    }

    [Test]
    public void The_default_options_take_two_mebibytes_in_one_record()
    {
        using SegmentedLog log = OpenRecovered(new LogOptions());
        LogPosition position = log.Append(0, 1, 1, PayloadOf(1, 2 << 20));
        log.Commit();
        var bytes = new byte[2 << 20];
        log.Read(position.Segment, position.Offset, bytes);
        Assert.That(bytes.AsSpan().SequenceEqual(PayloadOf(1, 2 << 20)), Is.True);
    }

    [Test]
    public void A_second_open_of_the_folder_is_refused_and_names_it()
    {
        using SegmentedLog log = OpenRecovered();
        Assert.That(
            () => SegmentedLog.Open(Folder, SmallSegments),
            Throws.InstanceOf<LogLockedException>().With.Message.Contains(Folder));
    }

    [Test]
    public void A_log_of_another_member_is_refused_and_zero_takes_any()
    {
        OpenRecovered().Dispose();
        Assert.That(() => SegmentedLog.Open(Folder, SmallSegments with { MemberId = 10 }), Throws.InstanceOf<LogIdentityException>());
        Assert.That(() => SegmentedLog.Open(Folder, SmallSegments with { ClusterId = 8 }), Throws.InstanceOf<LogIdentityException>());
        using var any = SegmentedLog.Open(Folder, SmallSegments with { ClusterId = 0, MemberId = 0 });
        Assert.That((any.ClusterId, any.MemberId), Is.EqualTo((7UL, 9UL)));
    }

    [Test]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public void The_data_folder_is_closed_to_others()
    {
        var inner = Path.Combine(Folder, "data");
        using var log = SegmentedLog.Open(inner, SmallSegments);
        Assert.That(
            File.GetUnixFileMode(inner), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
    }

    [Test]
    public void Nothing_can_be_appended_before_the_log_is_replayed()
    {
        using var log = SegmentedLog.Open(Folder, SmallSegments);
        Assert.That(() => log.Append(0, 1, 1, "early"u8), Throws.InvalidOperationException);
    }

    [Test]
    public void A_missing_segment_is_refused_whether_in_the_middle_or_at_the_end()
    {
        using (SegmentedLog log = OpenRecovered())
        {
            for (ulong index = 1; index <= 12; index++)
            {
                log.Append(0, index, 1, PayloadOf(index, 16000));
                log.Commit();
            }
        }

        var names = Directory.GetFiles(Folder, "*.seg").Order().ToArray();
        Assert.That(names, Has.Length.EqualTo(3));
        foreach (var name in names)
        {
            File.Move(name, name + ".away");
            using (var log = SegmentedLog.Open(Folder, SmallSegments))
            {
                Assert.That(() => log.Recover(LogPosition.Beginning), Throws.InstanceOf<LogDamagedException>(), name);
            }

            File.Move(name + ".away", name);
        }
    }

    [TestCase(1000)]
    [TestCase(65536 + 1)]
    [TestCase(int.MaxValue)]
    public void A_segment_size_out_of_range_is_refused(int size) =>
        Assert.That(() => new LogOptions { SegmentBytes = size }, Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Appending_a_small_record_does_not_allocate()
    {
        using SegmentedLog log = OpenRecovered(new LogOptions { SegmentBytes = 16 << 20 });
        var payload = new byte[300];
        AppendMany(log, payload);
        log.Commit();
        var before = GC.GetAllocatedBytesForCurrentThread();
        AppendMany(log, payload);
        log.Commit();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        static void AppendMany(SegmentedLog log, byte[] payload)
        {
            for (ulong index = 0; index < 1000; index++)
            {
                log.Append(1, index, 1, payload);
            }
        }
    }
}
