using System.Buffers.Binary;
using Etcdish.Testing;

namespace Etcdish.Log.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CheckpointTests
{
    private const string Folder = "/log";

    private readonly SimulatedDisk _disk = new();

    private LogOptions Options => new() { ClusterId = 1, MemberId = 2, Salt = 3, Disk = _disk };

    private CheckpointStore Store => new(Folder, Options);

    [Test]
    public void Content_comes_back_and_items_are_never_split_between_blocks()
    {
        const int items = 30000;
        Store.Write(42, new LogPosition(3, 128), writer =>
        {
            for (var item = 0; item < items; item++)
            {
                var length = 4 + (item % 200);
                Span<byte> span = writer.GetSpan(length)[..length];
                span.Fill((byte)item);
                BinaryPrimitives.WriteInt32LittleEndian(span, item);
                writer.Advance(length);
            }
        });

        using Checkpoint checkpoint = Store.OpenNewest().Newest!;
        Assert.That((checkpoint.AppliedIndex, checkpoint.ReplayFrom), Is.EqualTo((42UL, new LogPosition(3, 128))));
        var expected = 0;
        var blocks = 0;
        while (checkpoint.TryReadBlock(out ReadOnlySpan<byte> block))
        {
            blocks++;
            for (; block.Length > 0; expected++)
            {
                Assert.That(BinaryPrimitives.ReadInt32LittleEndian(block), Is.EqualTo(expected));
                block = block[(4 + (expected % 200))..];
            }
        }

        Assert.That(expected, Is.EqualTo(items));
        Assert.That(blocks, Is.GreaterThan(2));
    }

    [Test]
    public void An_item_larger_than_a_block_gets_a_block_of_its_own()
    {
        Store.Write(1, LogPosition.Beginning, writer =>
        {
            writer.GetSpan(3 << 20)[..(3 << 20)].Fill(7);
            writer.Advance(3 << 20);
        });
        using Checkpoint checkpoint = Store.OpenNewest().Newest!;
        Assert.That(checkpoint.TryReadBlock(out ReadOnlySpan<byte> block), Is.True);
        Assert.That(block.Length, Is.EqualTo(3 << 20));
    }

    [Test]
    public void The_newest_two_are_kept()
    {
        for (ulong applied = 1; applied <= 5; applied++)
        {
            Write(applied);
        }

        Assert.That(Store.AppliedIndexes(), Is.EqualTo(new ulong[] { 5, 4 }));
    }

    [Test]
    public void Every_changed_byte_and_every_truncation_is_detected_and_the_older_one_is_found()
    {
        Write(1);
        Write(2);
        var path = Folder + "/" + CheckpointFormat.FileName(2);
        byte[] pristine = _disk.ContentOf(path);
        foreach (var mask in new byte[] { 0x01, 0x80, 0xff })
        {
            for (var offset = 0; offset < pristine.Length; offset++)
            {
                _disk.Damage(path, offset, (byte)(pristine[offset] ^ mask));
                AssertOlderIsFound(path, $"offset {offset}, mask {mask:x}");
                _disk.Damage(path, offset, pristine[offset]);
            }
        }

        for (var length = 0; length < pristine.Length; length++)
        {
            _disk.Replace(path, pristine[..length]);
            AssertOlderIsFound(path, $"cut to {length}");
        }

        _disk.Replace(path, [.. pristine, 0]);
        AssertOlderIsFound(path, "one byte too many");
    }

    [Test]
    public void A_checkpoint_of_another_member_is_not_taken()
    {
        Write(1);
        CheckpointLookup lookup = new CheckpointStore(Folder, Options with { MemberId = 3 }).OpenNewest();
        Assert.That(lookup.Newest, Is.Null);
        Assert.That(lookup.Damaged, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_checkpoint_that_cannot_be_finished_leaves_nothing_behind()
    {
        Write(1);
        Assert.That(
            () => Store.Write(2, LogPosition.Beginning, _ => throw new InvalidDataException("content failed")),
            Throws.InstanceOf<InvalidDataException>());
        Assert.That(_disk.Files.Count(), Is.EqualTo(1));
        Assert.That(Store.AppliedIndexes(), Is.EqualTo(new ulong[] { 1 }));
    }

    [Test]
    public void An_older_checkpoint_whose_segments_are_gone_is_refused_by_the_log()
    {
        LogOptions options = Options with { SegmentBytes = LogOptions.MinSegmentBytes, PrepareInBackground = false };
        LogPosition afterFirst;
        using (var log = SegmentedLog.Open(Folder, options))
        {
            log.Recover(LogPosition.Beginning);
            log.Append(0, 1, 1, new byte[10]);
            log.Commit();
            afterFirst = log.End;
            for (ulong index = 2; index < 20; index++)
            {
                log.Append(0, index, 1, new byte[16000]);
                log.Commit();
            }

            log.DeleteSegment(1);
        }

        using var reopened = SegmentedLog.Open(Folder, options);
        Assert.That(() => reopened.Recover(afterFirst), Throws.InstanceOf<LogDamagedException>().With.Message.Contains("missing"));
        Assert.That(
            () => reopened.Recover(new LogPosition(99, 64)), Throws.InstanceOf<LogDamagedException>(), "a checkpoint newer than the log");
    }

    private void Write(ulong applied) => Store.Write(applied, LogPosition.Beginning, writer =>
    {
        LogFixture.PayloadOf(applied, 500).CopyTo(writer.GetSpan(500));
        writer.Advance(500);
    });

    private void AssertOlderIsFound(string path, string context)
    {
        CheckpointLookup lookup = Store.OpenNewest();
        if (lookup.Newest?.AppliedIndex != 1 || lookup.Damaged.Count != 1 || lookup.Damaged[0].File != path)
        {
            Assert.Fail($"the damage was not noticed: {context}");
        }

        lookup.Newest!.Dispose();
    }
}
