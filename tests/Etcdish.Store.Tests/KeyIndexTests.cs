namespace Etcdish.Store.Tests;

[TestFixture]
internal sealed class KeyIndexTests
{
    [TestCase(200)]
    [TestCase(5000)]
    public void It_holds_what_a_sorted_dictionary_holds(int keySpace)
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var index = new KeyIndex();
        var expected = new SortedDictionary<string, KeyRevision>(StringComparer.Ordinal);
        for (var revision = 2; revision < 20_000; revision++)
        {
            // The share of removals swings, so that the tree grows and shrinks.
            var removes = random.Next(100) < (revision / 4000 % 2 == 0 ? 20 : 70);
            var key = $"key{random.Next(keySpace):D5}";
            if (removes)
            {
                Assert.That(index.Remove(TestLog.Bytes(key)), Is.EqualTo(expected.Remove(key)), $"seed {seed}");
            }
            else
            {
                expected[key] = Version(key, revision, expected.GetValueOrDefault(key), isTombstone: random.Next(5) == 0);
                index.Set(expected[key]);
            }

            if (revision % 500 == 0)
            {
                AssertSame(index, expected, seed);
                AssertCounts(index, expected, random, revision, seed);
            }
        }
    }

    [Test]
    public void Keys_in_order_fill_their_leaves()
    {
        var index = new KeyIndex();
        for (var i = 0; i < 10_000; i++)
        {
            index.Set(Version($"key{i:D6}", i + 2, previous: null, isTombstone: false));
        }

        Assert.That(index.LiveCount, Is.EqualTo(10_000));
        var expected = Enumerable.Range(0, 10_000).Select(i => $"key{i:D6}");
        Assert.That(Walk(index, "").Select(version => TestLog.Text(version.Key)), Is.EqualTo(expected));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(56)]
    [TestCase(57)]
    [TestCase(4000)]
    public void A_bulk_load_gives_a_tree_that_can_be_changed(int keys)
    {
        var sorted = Enumerable.Range(0, keys).Select(i => Version($"key{i:D6}", i + 2, null, isTombstone: i % 3 == 0)).ToArray();
        var index = new KeyIndex();
        var builder = new KeyIndexBuilder();
        Array.ForEach(sorted, builder.Add);
        index.Load(builder);
        var expected = new SortedDictionary<string, KeyRevision>(
            sorted.ToDictionary(version => TestLog.Text(version.Key)), StringComparer.Ordinal);
        AssertSame(index, expected, seed: 0);
        for (var i = 0; i < keys; i += 2)
        {
            expected.Remove($"key{i:D6}");
            Assert.That(index.Remove(TestLog.Bytes($"key{i:D6}")), Is.True);
            expected[$"other{i}"] = Version($"other{i}", keys + i, null, isTombstone: false);
            index.Set(expected[$"other{i}"]);
        }

        AssertSame(index, expected, seed: 0);
    }

    [Test]
    public void A_count_of_the_present_looks_at_few_keys()
    {
        var index = new KeyIndex();
        for (var i = 0; i < 100_000; i++)
        {
            index.Set(Version($"key{i:D6}", i + 2, previous: null, isTombstone: false));
        }

        var range = KeyRange.Of(TestLog.Bytes("key010000"), TestLog.Bytes("key090000"));
        Assert.That(index.CountVisible(range.Start.Span, range, 100_001, budget: 129, out var resume), Is.EqualTo(80_000));
        Assert.That(resume, Is.Null, "only the two edges of the range were walked");
        Assert.That(index.CountVisible(range.Start.Span, range, 50_001, budget: 300, out resume), Is.EqualTo(40_000));
        Assert.That(resume, Is.Not.Null, "nothing before it has changed since; behind it every key has");
    }

    [Test]
    public void A_count_of_the_past_notices_what_changed_since_however_deep()
    {
        var index = new KeyIndex();
        for (var i = 0; i < 100_000; i++)
        {
            index.Set(Version($"key{i:D6}", i + 2, previous: null, isTombstone: false));
        }

        index.Set(Version("key050000", 100_002, index.Find("key050000"u8), isTombstone: true));
        var range = KeyRange.Of(TestLog.Bytes("key010000"), TestLog.Bytes("key090000"));
        Assert.That(index.CountVisible(range.Start.Span, range, 100_002, budget: 1000, out _), Is.EqualTo(79_999));
        Assert.That(index.CountVisible(range.Start.Span, range, 100_001, budget: 1000, out var resume), Is.EqualTo(80_000));
        Assert.That(resume, Is.Null);
    }

    private static void AssertSame(KeyIndex index, SortedDictionary<string, KeyRevision> expected, int seed)
    {
        Assert.That(Walk(index, ""), Is.EqualTo(expected.Values), $"seed {seed}");
        Assert.That(index.LiveCount, Is.EqualTo(expected.Values.Count(version => !version.IsTombstone)), $"seed {seed}");
        foreach (var (key, version) in expected)
        {
            Assert.That(index.Find(TestLog.Bytes(key)), Is.SameAs(version), $"seed {seed}");
        }
    }

    private static void AssertCounts(
        KeyIndex index, SortedDictionary<string, KeyRevision> expected, Random random, long revision, int seed)
    {
        for (var i = 0; i < 20; i++)
        {
            string from = $"key{random.Next(5000):D5}", to = $"key{random.Next(5000):D5}";
            var at = random.Next(4) == 0 ? revision : random.NextInt64(revision);
            var range = KeyRange.Of(TestLog.Bytes(from), TestLog.Bytes(to));
            var actual = 0L;
            byte[]? next = range.Start.ToArray();
            while (next is not null)
            {
                actual += index.CountVisible(next, range, at, 1 + random.Next(50), out next);
            }

            var visible = expected.Values.Where(version =>
                string.CompareOrdinal(TestLog.Text(version.Key), from) >= 0
                && string.CompareOrdinal(TestLog.Text(version.Key), to) < 0
                && version.VisibleAt(at) is not null);
            Assert.That(actual, Is.EqualTo(visible.Count()), $"seed {seed}, [{from}, {to}) at {at}");
        }
    }

    private static List<KeyRevision> Walk(KeyIndex index, string from)
    {
        var found = new List<KeyRevision>();
        var cursor = index.Seek(TestLog.Bytes(from));
        while (cursor.MoveNext(out var version))
        {
            found.Add(version);
        }

        return found;
    }

    private static KeyRevision Version(string key, long revision, KeyRevision? previous, bool isTombstone) => new()
    {
        Key = previous?.Key ?? TestLog.Bytes(key),
        ModRevision = revision,
        SubRevision = 0,
        Version = isTombstone ? 0 : 1,
        Previous = previous,
    };
}
