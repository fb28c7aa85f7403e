using System.Text;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>States that several fixtures use.</summary>
internal static class SnapshotStates
{
    /// <summary>Puts, overwrites, deletes, re-creations, transactions and leases, then a compaction in the middle.</summary>
    public static FakeSnapshotState Busy()
    {
        var random = new Random(3);
        var state = new FakeSnapshotState();
        state.LeaseList.Add(new(0x7fffffffffffffff, 100_000, 0));
        state.LeaseList.Add(new(0x7001, 5000, 4000));
        for (int i = 0; i < 400; i++)
        {
            string key = $"k{random.Next(20)}";
            int what = random.Next(10);
            if (what == 0)
                state.Delete(key);
            else if (what == 1)
                state.Apply(("t1", [1], 0), ("t2", i % 2 == 0 ? null : [2], 0), (key, Encoding.UTF8.GetBytes($"txn {i}"), 0));
            else
                state.Put(key, Value(random, longest: what == 2 ? 9000 : 40), lease: random.Next(4) == 0 ? 0x7001 : 0);
        }

        state.Put("leased", "value", lease: 0x7001);
        state.Put("t1", "last");
        state.Compact(state.Revision / 2);
        state.MemberList.Add(new(0x8e9e05c52164694d, "default", ["http://localhost:2380"], ["http://localhost:2379"], IsLearner: false));
        return state;
    }

    private static string Value(Random random, int longest) => new((char)('a' + random.Next(26)), random.Next(longest));
}
