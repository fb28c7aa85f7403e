namespace Etcdish.Log.Tests;

public sealed class ConcurrentReadTests : LogFixture
{
    [Test]
    public void A_deleted_segment_stays_readable_in_a_scope_entered_before_and_is_gone_from_the_folder()
    {
        using SegmentedLog log = OpenRecovered();
        LogPosition position = log.Append(0, 1, 1, PayloadOf(1, 100));
        FillTwoSegments(log);
        var path = Path.Combine(Folder, LogFormat.SegmentName(1));
        var outer = log.EnterRead();
        var inner = log.EnterRead();
        log.DeleteSegment(1);
        Assert.That(File.Exists(path), Is.False);
        Assert.That(log.Segments.Select(segment => segment.Number), Has.None.EqualTo(1u));
        log.ExitRead(inner);
        var bytes = new byte[100];
        log.Read(position.Segment, position.Offset, bytes);
        Assert.That(bytes, Is.EqualTo(PayloadOf(1, 100)));
        log.ExitRead(outer);
        Assert.That(() => log.Read(position.Segment, position.Offset, bytes), Throws.InstanceOf<LogDamagedException>());
    }

    [Test]
    public void The_segment_that_is_written_to_cannot_be_deleted()
    {
        using SegmentedLog log = OpenRecovered();
        Assert.That(() => log.DeleteSegment(1), Throws.InvalidOperationException);
        Assert.That(() => log.DeleteSegment(2), Throws.InstanceOf<LogDamagedException>());
    }

    [Test]
    public void Readers_beside_the_writer_and_the_deleter_see_whole_records_or_a_segment_that_was_gone_before_they_entered()
    {
        using SegmentedLog log = OpenRecovered();
        var positions = new LogPosition[2001];
        var published = 0;
        var deleted = 0u;
        var errors = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var readers = Enumerable.Range(0, 3).Select(reader => new Thread(() =>
        {
            var random = new Random(reader);
            var bytes = new byte[700];
            int last;
            while ((last = Volatile.Read(ref published)) < 2000)
            {
                if (last == 0)
                {
                    continue;
                }

                var token = log.EnterRead();
                var index = random.Next(Math.Max(1, last - 150), last + 1);
                var isGone = positions[index].Segment <= Volatile.Read(ref deleted);
                try
                {
                    if (!isGone)
                    {
                        log.Read(positions[index].Segment, positions[index].Offset, bytes);
                        if (!bytes.AsSpan().SequenceEqual(PayloadOf((ulong)index, 700)))
                        {
                            errors.Enqueue($"record {index} read wrong");
                        }
                    }
                }
                catch (Exception e)
                {
                    errors.Enqueue(e.ToString());
                }

                log.ExitRead(token);
            }
        })).ToList();
        readers.ForEach(reader => reader.Start());
        for (var index = 1; index <= 2000; index++)
        {
            positions[index] = log.Append(0, (ulong)index, 1, PayloadOf((ulong)index, 700));
            if (index % 8 != 0)
            {
                continue;
            }

            log.Commit();
            Volatile.Write(ref published, index);
            var current = log.End.Segment;
            if (current > 2 && current - 2 > deleted)
            {
                // Readers learn of it first, as from an index that no longer refers to the segment.
                Volatile.Write(ref deleted, current - 2);
                log.DeleteSegment(current - 2);
            }
        }

        readers.ForEach(reader => reader.Join());
        Assert.That(errors, Is.Empty);
        Assert.That(deleted, Is.GreaterThan(15));
    }

    private static void FillTwoSegments(SegmentedLog log)
    {
        for (ulong index = 2; log.End.Segment < 3; index++)
        {
            log.Append(0, index, 1, PayloadOf(index, 10000));
            log.Commit();
        }
    }
}
