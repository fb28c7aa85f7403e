using System.Buffers;
using System.Buffers.Binary;
using static Etcdish.Store.Tests.StoreHarness;

namespace Etcdish.Store.Tests;

[TestFixture]
internal sealed class CheckpointTests
{
    private StoreHarness _harness = null!;

    [SetUp]
    public void SetUp()
    {
        _harness = new StoreHarness(keysPerLockHold: 2);
        _harness.Grant(5, 60);
        _harness.Put("a", "value", lease: 5);
        _harness.Put("b", "2");
        _harness.Txn(Op(PutOf("a")), Op(DeleteOf("b")));
        _harness.Alarm(AlarmAction.Activate, AlarmType.NoSpace);
    }

    [TearDown]
    public void TearDown() => _harness.Dispose();

    public static RevisionStore Reload(StoreHarness harness)
    {
        var store = Load(harness, Write(harness));
        harness.Store.Dispose();
        harness.Store = store;
        return store;
    }

    [Test]
    public void The_bytes_are_those_of_format_version_1()
    {
        const string Expected = """
            35000000 C8256FE1 01 4554434453484958 01000000 0500000000000000 0700000000000000 0400000000000000 FFFFFFFFFFFFFFFF
            0100000000000000
            04000000 C5EE4F5F 02 05 3C 00
            03000000 7D78836B 03 01 01
            27000000 2BAA4606 04
              01 61 02  04 00 02 02 00 00  02 00 00 01 05 05 00 31 6303E0E1
              01 62 02  04 03  03 00 00 01 00 01 00 4A 176AA583
            11000000 5B979F3F 05 0200000000000000 0400000000000000
            """;
        Assert.That(Convert.ToHexString(Write(_harness)), Is.EqualTo(string.Concat(Expected.Where(char.IsAsciiHexDigit))));
    }

    [Test]
    public void A_store_comes_back_as_it_was()
    {
        var hash = _harness.Store.HashKv(0);
        var leases = _harness.Store.Leases.Snapshot();
        var store = Reload(_harness);
        Assert.That(store.HashKv(0), Is.EqualTo(hash));
        Assert.That(store.Leases.Snapshot(), Is.EqualTo(leases));
        Assert.That(store.Alarms(AlarmType.None), Is.EqualTo([new AlarmMember(1, AlarmType.NoSpace)]));
        Assert.That((store.AppliedIndex, store.AppliedTerm), Is.EqualTo((5UL, 7UL)));
        Assert.That(_harness.Pairs(RangeOf("\0", "\0") with { Revision = 3 }), Is.EqualTo(["a=value", "b=2"]));
        Assert.That(store.BeginLoad, Throws.InvalidOperationException);
    }

    [Test]
    public void What_is_applied_after_the_capture_is_not_written()
    {
        _harness.Alarm(AlarmAction.Deactivate, AlarmType.NoSpace);
        using var checkpoint = _harness.Store.CaptureCheckpoint();
        _harness.Put("a", "later");
        _harness.Put("new", "later");
        _harness.Delete("a");
        _harness.Compact(7);
        _harness.Store.CompactStep(100);
        var output = new ArrayBufferWriter<byte>();
        checkpoint.WriteTo(output);
        using var store = Load(_harness, output.WrittenSpan);
        Assert.That(store.CurrentRevision, Is.EqualTo(4));
        Assert.That(_harness.Pairs(store.Range(RangeOf("\0", "\0")).Revisions), Is.EqualTo(["a="]));
        Assert.That(_harness.Pairs(store.Range(RangeOf("\0", "\0") with { Revision = 3 }).Revisions), Is.EqualTo(["a=value", "b=2"]));
    }

    [Test]
    public void A_key_with_more_versions_than_a_frame_holds_comes_back()
    {
        for (var i = 0; i < 5000; i++)
        {
            _harness.Apply(PutOf("many") with { Value = TestLog.Bytes("x") });
            _harness.Alarm(AlarmAction.Deactivate, AlarmType.NoSpace);
        }

        var hash = _harness.Store.HashKv(0);
        Assert.That(Reload(_harness).HashKv(0), Is.EqualTo(hash));
    }

    [Test]
    public void Any_damage_is_noticed()
    {
        var sound = Write(_harness);
        for (var i = 0; i < sound.Length; i++)
        {
            var damaged = sound.ToArray();
            damaged[i] ^= 0x10;
            Assert.That(() => Load(_harness, damaged), Throws.TypeOf<InvalidDataException>(), $"byte {i}");
            Assert.That(() => Load(_harness, sound.AsSpan(0, i).ToArray()), Throws.TypeOf<InvalidDataException>(), $"cut at {i}");
        }
    }

    [Test]
    public void Damage_under_a_good_checksum_never_does_worse_than_be_refused()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var sound = Write(_harness);
        for (var round = 0; round < 4000; round++)
        {
            var damaged = sound.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            RepairChecksums(damaged);
            try
            {
                Load(_harness, damaged).Dispose();
            }
            catch (InvalidDataException)
            {
                continue;
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}, round {round}: {exception}");
            }
        }
    }

    [Test]
    public void A_value_longer_than_any_segment_is_refused()
    {
        // The only value of "a", 5 bytes long in segment 0: its length becomes 2^31 - 1, which takes four bytes more.
        var bytes = Convert.ToHexString(Write(_harness));
        var at = bytes.IndexOf("0200000105050031", StringComparison.Ordinal);
        Assert.That(at, Is.Positive);
        bytes = bytes[..(at + 10)] + "FFFFFFFF07" + bytes[(at + 12)..];
        bytes = bytes.Replace("270000002BAA4606", "2B0000002BAA4606", StringComparison.Ordinal);
        var damaged = Convert.FromHexString(bytes);
        RepairChecksums(damaged);
        Assert.That(() => Load(_harness, damaged), Throws.TypeOf<InvalidDataException>().With.Message.Contains("too long"));
    }

    [Test]
    public void An_absurd_number_of_keys_in_the_head_reserves_little_memory()
    {
        const int KeysAt = CheckpointFormat.FrameHeadBytes + 1 + CheckpointFormat.HeadContentBytes - 8;
        var bytes = Write(_harness);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(KeysAt), ulong.MaxValue);
        RepairChecksums(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var store = Load(_harness, bytes);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(32 << 20));
        Assert.That(store.KeyCount, Is.EqualTo(1));
    }

    private static byte[] Write(StoreHarness harness)
    {
        using var checkpoint = harness.Store.CaptureCheckpoint();
        var output = new ArrayBufferWriter<byte>();
        checkpoint.WriteTo(output);
        return output.WrittenSpan.ToArray();
    }

    private static RevisionStore Load(StoreHarness harness, ReadOnlySpan<byte> bytes)
    {
        var store = new RevisionStore(harness.Log, harness.Options);
        var loader = store.BeginLoad();
        loader.Add(bytes);
        loader.Complete();
        return store;
    }

    private static void RepairChecksums(Span<byte> bytes)
    {
        while (bytes.Length >= CheckpointFormat.FrameHeadBytes)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            if (length < 0 || length > bytes.Length - CheckpointFormat.FrameHeadBytes)
            {
                return;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], Crc32C.Compute(bytes.Slice(CheckpointFormat.FrameHeadBytes, length)));
            bytes = bytes[(CheckpointFormat.FrameHeadBytes + length)..];
        }
    }
}
