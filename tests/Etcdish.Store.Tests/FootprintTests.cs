using System.Buffers;
using System.Diagnostics;

namespace Etcdish.Store.Tests;

/// <summary>Measurements for a calm machine, run by name.</summary>
[TestFixture]
[Explicit("measures; needs a calm machine")]
internal sealed class FootprintTests
{
    private const int Keys = 1_000_000;

    [TestCase(8)]
    [TestCase(30)]
    public void A_million_keys(int keyLength)
    {
        var values = new NoValues();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var store = Fill(values, keyLength);
        var after = GC.GetTotalMemory(forceFullCollection: true);
        TestContext.Out.WriteLine($"{keyLength} B keys: {(after - before) / 1e6:F0} MB");

        var blocks = Write(store);
        TestContext.Out.WriteLine($"checkpoint {blocks.Sum(block => (long)block.Length) / 1e6:F0} MB");
        store.Dispose();
        store = null;
        GC.Collect();

        for (var round = 0; round < 3; round++)
        {
            var collections = GC.CollectionCount(0);
            var clock = Stopwatch.StartNew();
            using var loaded = new RevisionStore(values, new StoreOptions());
            var loader = loaded.BeginLoad();
            foreach (var block in blocks)
            {
                loader.Add(block);
            }

            var parsed = clock.Elapsed;
            loader.Complete();
            TestContext.Out.WriteLine(
                $"load {clock.ElapsedMilliseconds} ms, of which reading {parsed.TotalMilliseconds:F0} ms, "
                + $"{GC.CollectionCount(0) - collections} collections");
            Assert.That(loaded.KeyCount, Is.EqualTo(Keys));
        }

        Assert.That(after - before, Is.LessThan(200_000_000));
    }

    private static RevisionStore Fill(NoValues values, int keyLength)
    {
        var store = new RevisionStore(values, new StoreOptions());
        var output = new ArrayBufferWriter<byte>();
        var key = new byte[keyLength];
        var value = new byte[256];
        for (var i = 0; i < Keys; i++)
        {
            // An odd factor spreads the keys over the whole range, each met once.
            var text = $"{(uint)(i * 2654435761L % 99_999_989):D8}";
            System.Text.Encoding.ASCII.GetBytes(text, key.AsSpan(keyLength - 8));
            output.ResetWrittenCount();
            RequestEncoder.Encode(new PutRequest { Key = key, Value = value }, output);
            store.Apply(new StoreEntry((ulong)i + 1, 1, EntryKind.Put, output.WrittenMemory, 1, 100));
        }

        return store;
    }

    private static List<byte[]> Write(RevisionStore store)
    {
        using var checkpoint = store.CaptureCheckpoint();
        var blocks = new BlockList();
        var clock = Stopwatch.StartNew();
        checkpoint.WriteTo(blocks);
        TestContext.Out.WriteLine($"written in {clock.ElapsedMilliseconds} ms");
        return blocks.Blocks;
    }

    private sealed class NoValues : IValueSource
    {
        public void Read(in ValueReference reference, Span<byte> destination) => destination.Clear();

        public ReadScope EnterRead() => default;

        public void ExitRead(int token)
        {
        }
    }

    private sealed class BlockList : IBufferWriter<byte>
    {
        private byte[] _buffer = [];

        public List<byte[]> Blocks { get; } = [];

        public void Advance(int count) => Blocks.Add(_buffer[..count]);

        public Memory<byte> GetMemory(int sizeHint = 0) => _buffer = new byte[Math.Max(1, sizeHint)];

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
