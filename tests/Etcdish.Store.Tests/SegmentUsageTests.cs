namespace Etcdish.Store.Tests;

/// <summary>Live bytes of each segment, against a plain sum.</summary>
public sealed class SegmentUsageTests
{
    [Test]
    public void Sums_are_right_however_the_segments_alternate()
    {
        var random = new Random(5);
        var usage = new SegmentUsage();
        SortedDictionary<uint, long> expected = [];
        List<KeyRevision> added = [];
        for (var step = 0; step < 20_000; step++)
        {
            if (added.Count > 0 && random.Next(3) == 0)
            {
                var at = random.Next(added.Count);
                var gone = added[at];
                added.RemoveAt(at);
                usage.Remove(gone);
                Count(expected, gone, -1);
                continue;
            }

            // Neighbours in the table of unsettled sums, and segments that share a place in it.
            var segment = (uint)(1 + random.Next(4) + (64 * random.Next(3)));
            var version = new KeyRevision
            {
                Key = [1, 2],
                ModRevision = step + 2,
                SubRevision = 0,
                Version = 1,
                Value = new ValueReference(segment, 0, 1 + random.Next(100), 0),
            };
            added.Add(version);
            usage.Add(version);
            Count(expected, version, 1);
        }

        List<KeyValuePair<uint, long>> counted = [];
        usage.CopyTo(counted);

        Assert.That(counted, Is.EqualTo(expected.Where(pair => pair.Value != 0)));
    }

    [Test]
    public void More_removed_than_was_there_is_an_impossible_state()
    {
        var usage = new SegmentUsage();
        usage.Remove(new KeyRevision { Key = [1], ModRevision = 2, SubRevision = 0, Version = 1, Value = new ValueReference(1, 0, 5, 0) });

        Assert.That(() => usage.CopyTo([]), Throws.InvalidOperationException);
    }

    private static void Count(SortedDictionary<uint, long> expected, KeyRevision version, int sign)
    {
        expected.TryGetValue(version.Value.Segment, out var before);
        expected[version.Value.Segment] = before + (sign * (SegmentUsage.CopyHeadBytes + version.Key.Length + version.ValueLength));
    }
}
