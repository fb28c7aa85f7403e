using Etcdish.Testing;

namespace Etcdish.Log.Tests;

/// <summary>
/// What one changed byte or a cut file does to a log that was closed, or whose machine lost power. The claim: never is anything that was
/// acknowledged lost without an exception; the only exception to that is stated in the last test.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DamageTests
{
    private const string Folder = "/log";
    private const int Records = 330;
    private const int LastBatch = 3;

    private static readonly LogOptions _options = new()
    {
        SegmentBytes = LogOptions.MinSegmentBytes,
        ClusterId = 7,
        MemberId = 9,
        Salt = 0x5a17,
        PrepareInBackground = false,
    };

    private static readonly byte[][] _payloads =
        Enumerable.Range(0, Records + 1).Select(index => LogFixture.PayloadOf((ulong)index, index * 37 % 350)).ToArray();

    private readonly SimulatedDisk _disk = new();
    private Dictionary<string, byte[]> _pristine = [];

    [SetUp]
    public void BuildClosedLog()
    {
        using (var log = SegmentedLog.Open(Folder, _options with { Disk = _disk }))
        {
            log.Recover(LogPosition.Beginning);
            for (ulong index = 1; index <= Records; index++)
            {
                log.Append((byte)(index % 3), index, 1, _payloads[(int)index]);
                if (index % LastBatch == 0)
                {
                    log.Commit();
                }
            }

            Assert.That(log.Segments, Has.Count.EqualTo(2));
        }

        _pristine = _disk.Files.ToDictionary(path => path, _disk.ContentOf);
    }

    [TestCaseSource(nameof(Patterns))]
    public void Every_changed_byte_of_a_closed_log_is_detected_or_harmless(string name, Func<byte, int, byte> change, int stride)
    {
        var detected = 0;
        var harmless = 0;
        foreach ((var path, byte[] pristine) in _pristine)
        {
            for (var offset = 0; offset < pristine.Length; offset += offset < 4096 ? 1 : stride)
            {
                var changed = change(pristine[offset], offset);
                if (changed == pristine[offset])
                {
                    continue;
                }

                Restore();
                _disk.Damage(path, offset, changed);
                var records = RecoveredRecords();
                Assert.That(records, Is.Null.Or.EqualTo(Records), $"{name} at {path}+{offset} lost records without a word");
                detected += records is null ? 1 : 0;
                harmless += records is null ? 0 : 1;
            }
        }

        TestContext.Out.WriteLine($"{name}: {detected} detected, {harmless} harmless, 0 silent");
        Assert.That(detected, Is.GreaterThan(60000 / stride));
    }

    [Test]
    public void Every_truncation_of_a_segment_is_detected()
    {
        foreach ((var path, byte[] pristine) in _pristine.Where(file => file.Key.EndsWith(".seg", StringComparison.Ordinal)))
        {
            for (var length = 0; length < pristine.Length; length += length < 4096 ? 1 : 7)
            {
                Restore();
                _disk.Replace(path, pristine[..length]);
                Assert.That(RecoveredRecords(), Is.Null, $"{path} cut to {length}");
            }
        }
    }

    [Test]
    public void A_byte_in_the_middle_is_refused_by_file_and_offset_and_nothing_is_touched()
    {
        var path = _pristine.Keys.First(path => path.EndsWith(".seg", StringComparison.Ordinal));
        _disk.Damage(path, 5000, (byte)(_pristine[path][5000] ^ 0x10));
        byte[] before = _disk.ContentOf(path);
        using var log = SegmentedLog.Open(Folder, _options with { Disk = _disk });
        LogDamagedException refusal = Assert.Throws<LogDamagedException>(() => log.Recover(LogPosition.Beginning))!;
        Assert.That(refusal.File, Is.EqualTo(path));
        Assert.That(refusal.Offset, Is.InRange(4000, 5000));
        Assert.That(refusal.Message, Does.Contain(path));
        Assert.That(_disk.ContentOf(path), Is.EqualTo(before));
    }

    [Test]
    public void With_the_later_marks_lost_only_the_very_last_batch_can_be_taken_for_torn()
    {
        // After a power failure every mark since the last sync of the mark may be gone. Only the one of the creation is sure to be there.
        var markPath = Folder + "/" + DurableMark.FileName;
        byte[] mark = (byte[])_pristine[markPath].Clone();
        mark.AsSpan(DurableMark.PartBytes).Clear();
        mark[^1] = 1;
        _pristine[markPath] = mark;
        var cut = 0;
        foreach ((var path, byte[] pristine) in _pristine.Where(file => file.Key.EndsWith(".seg", StringComparison.Ordinal)))
        {
            for (var offset = 0; offset < pristine.Length; offset += offset < 4096 ? 1 : 5)
            {
                Restore();
                _disk.Damage(path, offset, (byte)(pristine[offset] ^ (1 << (offset % 8))));
                if (RecoveredRecords() is { } records and not Records)
                {
                    Assert.That(records, Is.GreaterThanOrEqualTo(Records - LastBatch), $"{path}+{offset}");
                    cut++;
                }
            }
        }

        Assert.That(cut, Is.GreaterThan(0), "the case that this test is about never happened");
    }

    private static IEnumerable<TestCaseData> Patterns()
    {
        yield return Pattern("one bit", (value, offset) => (byte)(value ^ (1 << (offset % 8))), stride: 1);
        yield return Pattern("all bits", (value, _) => (byte)~value, stride: 7);
        yield return Pattern("zero", (_, _) => 0, stride: 7);
        yield return Pattern("ones", (_, _) => 0xff, stride: 7);

        static TestCaseData Pattern(string name, Func<byte, int, byte> change, int stride) =>
            new TestCaseData(name, change, stride).SetArgDisplayNames(name);
    }

    private void Restore()
    {
        foreach ((var path, byte[] content) in _pristine)
        {
            _disk.Replace(path, content);
        }
    }

    /// <summary>How many records recovery yields, each compared with what was written; null when it refused.</summary>
    private int? RecoveredRecords()
    {
        try
        {
            using var log = SegmentedLog.Open(Folder, _options with { Disk = _disk });
            ulong index = 0;
            foreach (LogRecord record in log.Replay(LogPosition.Beginning))
            {
                index++;
                var isRight = record.Index == index
                    && record.Kind == index % 3
                    && record.Term == 1
                    && record.Bytes.Span.SequenceEqual(_payloads[(int)index]);
                if (!isRight)
                {
                    Assert.Fail($"record {index} came back changed");
                }
            }

            return (int)index;
        }
        catch (IOException e) when (e is LogDamagedException or LogIdentityException)
        {
            return null;
        }
    }
}
