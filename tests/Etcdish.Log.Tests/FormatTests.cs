using System.Text;
using Etcdish.Testing;

namespace Etcdish.Log.Tests;

/// <summary>The bytes on disk are a promise to every later version: these tests change only together with a format version.</summary>
public sealed class FormatTests
{
    // Computed by an independent implementation from the tables in LogFormat.
    private const string GoldenSegmentHeader =
        "455443444953484c010000000200000011110000000000002222000000000000"
        + "3333000000000000050000000000000080020000cdab0000000001000445706d";

    private const string GoldenFrame =
        "193001ef05000003a38ef7a5400000000a000000000000000200000000000000"
        + "68656c6c6f000000";

    private static readonly LogIdentity _identity = new(0x1111, 0x2222, 0x3333);

    [Test]
    public void The_checksum_is_CRC32C() => Assert.That(Crc32C.Compute("123456789"u8), Is.EqualTo(0xe3069283));

    [Test]
    public void The_checksum_does_not_depend_on_how_the_bytes_are_cut()
    {
        byte[] bytes = LogFixture.PayloadOf(1, 100);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var register = Crc32C.Append(Crc32C.Append(uint.MaxValue, bytes.AsSpan(0, cut)), bytes.AsSpan(cut));
            Assert.That(~register, Is.EqualTo(Crc32C.Compute(bytes)));
        }
    }

    [Test]
    public void A_segment_header_has_these_bytes()
    {
        var bytes = new byte[LogFormat.SegmentHeaderBytes];
        var header = new SegmentHeader(_identity, 2, FirstSequence: 5, PreviousEnd: 640, Chain: 0xabcd, SegmentBytes: 65536);
        LogFormat.WriteSegmentHeader(bytes, header);
        Assert.That(Convert.ToHexStringLower(bytes), Is.EqualTo(GoldenSegmentHeader));
        Assert.That(Encoding.ASCII.GetString(bytes, 0, 8), Is.EqualTo("ETCDISHL"));
        Assert.That(LogFormat.ReadSegmentHeader(bytes, "golden")!.Value.Chain, Is.EqualTo(0xabcd));
    }

    [Test]
    public void A_frame_has_these_bytes()
    {
        var frame = new byte[LogFormat.FrameBytes(5)];
        "hello"u8.CopyTo(frame.AsSpan(LogFormat.FrameHeaderBytes));
        var header = new FrameHeader(Kind: 3, PayloadLength: 5, BatchStart: 64, Index: 10, Term: 2);
        var seed = LogFormat.SegmentSeed(_identity.Salt, 1);
        var chain = LogFormat.SealFrame(frame, header, seed, offset: 64, LogFormat.FirstChain(_identity.Salt));
        Assert.That(Convert.ToHexStringLower(frame), Is.EqualTo(GoldenFrame));
        Assert.That(LogFormat.TryReadFrame(frame, seed, 64, 65536, out FrameHeader read), Is.True);
        Assert.That(read, Is.EqualTo(header with { Chain = chain }));
    }

    [Test]
    public void A_frame_is_not_one_elsewhere_or_in_another_log()
    {
        var frame = new byte[LogFormat.FrameBytes(0)];
        var seed = LogFormat.SegmentSeed(1, 1);
        LogFormat.SealFrame(frame, new FrameHeader(1, 0, 64, 1, 1), seed, offset: 64, 0);
        Assert.That(LogFormat.TryReadFrame(frame, seed, 64, 65536, out _), Is.True);
        Assert.That(LogFormat.TryReadFrame(frame, seed, 72, 65536, out _), Is.False, "another offset");
        Assert.That(LogFormat.TryReadFrame(frame, LogFormat.SegmentSeed(1, 2), 64, 65536, out _), Is.False, "another segment");
        Assert.That(LogFormat.TryReadFrame(frame, LogFormat.SegmentSeed(2, 1), 64, 65536, out _), Is.False, "another log");
    }

    [Test]
    public void Random_bytes_never_decode_and_never_throw()
    {
        var random = new Random(20261122);
        var bytes = new byte[64];
        for (var attempt = 0; attempt < 300_000; attempt++)
        {
            random.NextBytes(bytes);
            Assert.That(LogFormat.TryReadFrame(bytes, (uint)random.Next(), (uint)random.Next(65536) & ~7u, 65536, out _), Is.False);
        }

        Assert.That(LogFormat.ReadSegmentHeader(bytes, "random"), Is.Null);
        Assert.That(CheckpointFormat.ReadHeader(bytes), Is.Null);
    }

    [Test]
    public void A_random_tail_after_the_last_frame_is_cut_and_reported()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var disk = new SimulatedDisk();
            var options = new LogOptions { SegmentBytes = LogOptions.MinSegmentBytes, Disk = disk, PrepareInBackground = false, Salt = 1 };
            LogPosition end;
            using (var log = SegmentedLog.Open("/log", options))
            {
                log.Recover(LogPosition.Beginning);
                log.Append(1, 1, 1, LogFixture.PayloadOf(1, random.Next(1000)));
                log.Commit();
                end = log.End;
            }

            var path = "/log/" + LogFormat.SegmentName(1);
            byte[] content = disk.ContentOf(path);
            random.NextBytes(content.AsSpan((int)end.Offset, random.Next(1, 5000)));
            disk.Replace(path, content);
            using var reopened = SegmentedLog.Open("/log", options);
            Assert.That(reopened.Replay(LogPosition.Beginning).Count(), Is.EqualTo(1), $"seed {seed}");
            Assert.That(reopened.Recovery!.Value.TornBytes, Is.Positive, $"seed {seed}");
            Assert.That(disk.ContentOf(path).AsSpan((int)end.Offset).ContainsAnyExcept((byte)0), Is.False, $"seed {seed}");
        }
    }

}
