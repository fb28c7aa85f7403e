using System.Text;

namespace Etcdish.Cluster.Tests;

public class MaintenanceTests
{
    private static readonly EtcdStoreOptions _small = new() { SegmentBytes = 64 << 10, MaxRequestBytes = 16 << 10 };

    private static string Value(int round, int key) => new StringBuilder().Insert(0, $"{round}.{key} ", 100).ToString();

    [Test]
    public async Task Space_of_compacted_revisions_comes_back_and_what_is_left_stays_readable()
    {
        using TemporaryFolder folder = new();
        await using (EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small))
        {
            const int rounds = 60;
            for (int round = 0; round < rounds; round++)
            {
                for (int key = 0; key < 20; key++)
                {
                    await store.PutAsync($"key{key}", Value(round, key));
                }
            }

            long segmentsBefore = Directory.GetFiles(folder.Path, "*.seg").Length;
            await store.CompactAsync(store.Revision);
            for (int look = 0; look < 6; look++)
            {
                await store.RunMaintenanceAsync();
            }

            long segmentsAfter = Directory.GetFiles(folder.Path, "*.seg").Length;
            Assert.That(segmentsBefore, Is.GreaterThan(8));
            Assert.That(segmentsAfter, Is.LessThanOrEqualTo(4), "one or two in use, one ahead, one of relocated values");
            await AssertRound(store, rounds - 1);
        }

        await using EtcdStore again = await EtcdStore.OpenAsync(folder.Path, _small);
        await AssertRound(again, 59);

        static async Task AssertRound(EtcdStore store, int round)
        {
            RangeResponse all = await store.RangeAsync(KeyRange.All);
            Assert.That(all.Count, Is.EqualTo(20));
            foreach (KeyValue pair in all.Pairs)
            {
                int key = int.Parse(pair.Key.ToString()[3..], System.Globalization.CultureInfo.InvariantCulture);
                Assert.That(pair.Value.ToString(), Is.EqualTo(Value(round, key)));
            }
        }
    }

    [Test]
    public async Task Recovery_from_a_checkpoint_and_a_tail_gives_what_recovery_from_the_whole_log_gives()
    {
        using TemporaryFolder folder = new();
        List<string> expected;
        await using (EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small with { CheckpointBytes = 64 << 10 }))
        {
            Random random = new(7);
            for (int i = 0; i < 3_000; i++)
            {
                Bytes key = $"k{random.Next(50)}";
                switch (random.Next(10))
                {
                    case 0:
                        await store.DeleteAsync(key);
                        break;
                    case 1:
                        await store.Txn()
                            .If(Condition.Exists(key))
                            .Then(Operation.Put(key, $"t{i}"))
                            .Else(Operation.Put("else", $"e{i}"))
                            .CommitAsync();
                        break;
                    default:
                        await store.PutAsync(key, $"v{i}");
                        break;
                }

                if (i % 1_000 == 500)
                {
                    await store.CompactAsync(store.Revision - 100);
                    await store.RunMaintenanceAsync();
                }
            }

            expected = await DescribeAsync(store);
        }

        Assert.That(Directory.GetFiles(folder.Path), Has.Some.Contains("checkpoint"));
        await using EtcdStore again = await EtcdStore.OpenAsync(folder.Path, _small);
        Assert.That(await DescribeAsync(again), Is.EqualTo(expected));
    }

    private static async Task<List<string>> DescribeAsync(EtcdStore store)
    {
        List<string> lines = [$"revision {store.Revision} compacted {store.CompactedRevision}"];
        for (long revision = store.CompactedRevision; revision <= store.Revision; revision += 7)
        {
            RangeResponse all = await store.RangeAsync(KeyRange.All, revision);
            lines.AddRange(all.Pairs.Select(p => $"@{revision} {p}"));
        }

        return lines;
    }
}
