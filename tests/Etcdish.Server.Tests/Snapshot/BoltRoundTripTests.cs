using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Etcdish.Server.Snapshot.Bolt;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>What the file writer writes, the file reader reads, and bbolt finds sound.</summary>
[TestFixture]
internal sealed class BoltRoundTripTests
{
    private static readonly object[] _shapes =
    [
        new object[] { "no pairs", 0, 8, 0 },
        new object[] { "one pair", 1, 8, 10 },
        new object[] { "an inline bucket just small enough", 1, 8, 1024 - 16 - 16 - 8 },
        new object[] { "one byte too many for an inline bucket", 1, 8, 1024 - 16 - 16 - 8 + 1 },
        new object[] { "a page filled to the last byte", 1, 8, 4096 - 16 - 16 - 8 },
        new object[] { "one byte more than a page", 1, 8, 4096 - 16 - 16 - 8 + 1 },
        new object[] { "empty values", 5000, 8, 0 },
        new object[] { "two leaves", 2, 8, 4000 },
        new object[] { "exactly a full branch", 170, 8, 4000 },
        new object[] { "a full branch and one leaf", 171, 8, 4000 },
        new object[] { "a full branch and two leaves", 172, 8, 4000 },
        new object[] { "a full branch and three leaves", 173, 8, 4000 },
        new object[] { "a hundred thousand pairs", 100_000, 17, 30 },
        new object[] { "values of many pages", 7, 8, 1_500_000 },
        new object[] { "keys of half a page: three children to a branch", 300, 1900, 10 },
        new object[] { "keys of many pages: two children to a branch", 40, 32_768, 10 },
    ];

    [TestCaseSource(nameof(_shapes))]
    public void Every_pair_comes_back(string shape, int count, int keyLength, int valueLength)
    {
        List<KeyValuePair<byte[], byte[]>> pairs = Pairs(count, keyLength, _ => valueLength);

        ExpectRoundTrip(("data", pairs), ("empty", []));
        Assert.That(shape, Is.Not.Empty);
    }

    [TestCaseSource(nameof(_shapes))]
    public void Bbolt_finds_it_sound(string shape, int count, int keyLength, int valueLength)
    {
        GenuineEtcd.Require();
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, Write(("data", Pairs(count, keyLength, _ => valueLength))));

            GenuineEtcd.Run("etcdctl", "snapshot", "status", file).Expect(0);
        }
        finally
        {
            File.Delete(file);
        }

        Assert.That(shape, Is.Not.Empty);
    }

    [Test]
    public void Random_shapes_come_back([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        (string, List<KeyValuePair<byte[], byte[]>>)[] buckets =
        [
            .. Enumerable.Range(0, random.Next(1, 12)).Select(i => ($"bucket{i:D2}", RandomPairs(random))),
        ];

        ExpectRoundTrip(buckets);
    }

    [Test]
    public void Buckets_may_be_so_many_that_the_root_is_a_tree()
    {
        ExpectRoundTrip([.. Enumerable.Range(0, 150).Select(i => ($"bucket{i:D5}", Pairs(1, 8, _ => 700)))]);
    }

    [Test]
    public void The_layout_is_settled_without_reading_a_value()
    {
        var cursor = new CountingCursor(Pairs(3000, 17, i => i));

        BoltFileWriter writer = BoltFileWriter.Plan([new BoltBucket("data", () => cursor.Restart())]);
        int readWhilePlanning = cursor.ValueReads;
        long written = writer.WritePages().Sum(page => (long)page.Length);

        Assert.That(readWhilePlanning, Is.Zero);
        Assert.That(cursor.ValueReads, Is.EqualTo(3000));
        Assert.That(written, Is.EqualTo(writer.Length));
    }

    [Test]
    public void A_bucket_that_grows_between_the_two_walks_is_refused()
    {
        List<KeyValuePair<byte[], byte[]>> pairs = Pairs(10, 8, _ => 4000);
        BoltFileWriter writer = BoltFileWriter.Plan([new BoltBucket("data", () => new BoltPairCursor(pairs))]);
        pairs.AddRange(Pairs(11, 9, _ => 4000)[10..]);

        Assert.That(() => writer.WritePages().Count(), Throws.InvalidOperationException);
    }

    [TestCase(0)]
    [TestCase(32_769)]
    public void Keys_that_bbolt_does_not_allow_are_refused(int length)
    {
        KeyValuePair<byte[], byte[]>[] pairs = [new(new byte[length], [1])];

        Assert.That(
            () => BoltFileWriter.Plan([new BoltBucket("data", () => new BoltPairCursor(pairs))]),
            Throws.InvalidOperationException.With.Message.Contains(length.ToString(CultureInfo.InvariantCulture)));
    }

    [Test]
    public void The_older_meta_is_used_when_the_newer_is_damaged([Values(0, 1)] int damaged)
    {
        List<KeyValuePair<byte[], byte[]>> pairs = Pairs(100, 8, _ => 100);
        byte[] file = Write(("data", pairs));
        file[damaged * 4096 + 40] ^= 1;

        Assert.That(Read(file, "data"), Is.EqualTo(pairs).Using<KeyValuePair<byte[], byte[]>>(SamePair));
    }

    [Test]
    public void A_file_without_a_valid_meta_is_refused()
    {
        byte[] file = Write(("data", Pairs(100, 8, _ => 100)));
        file[40] ^= 1;
        file[4096 + 40] ^= 1;

        Assert.That(() => Read(file, "data"), Throws.TypeOf<InvalidDataException>().With.Message.Contains("no valid meta page"));
    }

    internal static byte[] Write(params (string Name, List<KeyValuePair<byte[], byte[]>> Pairs)[] buckets)
    {
        BoltFileWriter writer = BoltFileWriter.Plan(
            buckets.Select(bucket => new BoltBucket(bucket.Name, () => new BoltPairCursor(bucket.Pairs))));
        using var file = new MemoryStream();
        foreach (ReadOnlyMemory<byte> page in writer.WritePages())
            file.Write(page.Span);
        Assert.That(file.Length, Is.EqualTo(writer.Length));
        return file.ToArray();
    }

    internal static List<KeyValuePair<byte[], byte[]>> Read(byte[] file, string bucket)
    {
        var reader = new BoltFileReader(new MemoryStream(file), file.Length);
        BoltTreeReader pairs = reader.OpenBucket(bucket);
        var result = new List<KeyValuePair<byte[], byte[]>>();
        while (pairs.MoveNext())
            result.Add(new(pairs.Key.ToArray(), pairs.Value.ToArray()));
        return result;
    }

    internal static List<KeyValuePair<byte[], byte[]>> Pairs(int count, int keyLength, Func<int, int> valueLength)
    {
        var random = new Random(count);
        var pairs = new List<KeyValuePair<byte[], byte[]>>(count);
        for (int i = 0; i < count; i++)
        {
            byte[] value = new byte[valueLength(i)];
            random.NextBytes(value);
            pairs.Add(new(Encoding.ASCII.GetBytes(i.ToString("D8", CultureInfo.InvariantCulture).PadRight(keyLength, 'x')), value));
        }

        return pairs;
    }

    private static void ExpectRoundTrip(params (string Name, List<KeyValuePair<byte[], byte[]>> Pairs)[] buckets)
    {
        byte[] file = Write(buckets);

        var reader = new BoltFileReader(new MemoryStream(file), file.Length);
        Assert.That(reader.BucketNames, Is.EqualTo(buckets.Select(bucket => bucket.Name).Order(StringComparer.Ordinal)));
        Assert.That(reader.UsedLength, Is.EqualTo(file.Length));
        Assert.That(BranchSizes(file), Is.All.GreaterThanOrEqualTo(2), "bbolt panics when it deletes below a branch with one child");
        foreach ((string name, List<KeyValuePair<byte[], byte[]>> pairs) in buckets)
            Assert.That(Read(file, name).SequenceEqual(pairs, new PairComparer()), name);
    }

    private static List<int> BranchSizes(byte[] file)
    {
        var sizes = new List<int>();
        for (int page = 0; page < file.Length / 4096;)
        {
            ReadOnlySpan<byte> header = file.AsSpan(page * 4096, 16);
            if (BinaryPrimitives.ReadUInt16LittleEndian(header[8..]) == BoltFormat.BranchPage)
                sizes.Add(BinaryPrimitives.ReadUInt16LittleEndian(header[10..]));
            page += 1 + (int)BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        }

        return sizes;
    }

    private static List<KeyValuePair<byte[], byte[]>> RandomPairs(Random random)
    {
        int longestKey = random.Next(4) == 0 ? 3000 : 40;
        int longestValue = random.Next(4) == 0 ? 20_000 : 200;
        var pairs = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        for (int i = random.Next(1, 600); i > 0; i--)
        {
            string key = new string((char)('a' + random.Next(26)), random.Next(1, longestKey)) + random.Next();
            pairs[key] = new byte[random.Next(longestValue)];
            random.NextBytes(pairs[key]);
        }

        return [.. pairs.Select(pair => new KeyValuePair<byte[], byte[]>(Encoding.ASCII.GetBytes(pair.Key), pair.Value))];
    }

    private static bool SamePair(KeyValuePair<byte[], byte[]> x, KeyValuePair<byte[], byte[]> y)
        => x.Key.AsSpan().SequenceEqual(y.Key) && x.Value.AsSpan().SequenceEqual(y.Value);

    private sealed class PairComparer : IEqualityComparer<KeyValuePair<byte[], byte[]>>
    {
        public bool Equals(KeyValuePair<byte[], byte[]> x, KeyValuePair<byte[], byte[]> y) => SamePair(x, y);

        public int GetHashCode(KeyValuePair<byte[], byte[]> obj) => obj.Key.Length;
    }

    private sealed class CountingCursor(List<KeyValuePair<byte[], byte[]>> pairs) : IBoltCursor
    {
        private int _index = -1;

        public int ValueReads { get; private set; }

        public ReadOnlySpan<byte> Key => pairs[_index].Key;

        public int ValueLength => pairs[_index].Value.Length;

        public CountingCursor Restart()
        {
            _index = -1;
            return this;
        }

        public bool MoveNext() => ++_index < pairs.Count;

        public void ReadValue(Span<byte> destination)
        {
            ValueReads++;
            pairs[_index].Value.CopyTo(destination);
        }

        public void Dispose()
        {
        }
    }
}
