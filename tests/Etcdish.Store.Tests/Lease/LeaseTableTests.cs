using System.Text;

namespace Etcdish.Store.Tests.Lease;

public sealed class LeaseTableTests
{
    private readonly LeaseTable _table = new();

    [SetUp]
    public void SetUp()
    {
        foreach (LeaseInfo lease in _table.Snapshot())
            _table.Revoke(lease.Id);
    }

    [Test]
    public void A_lease_is_granted_once()
    {
        _table.Grant(7, 60);
        Assert.That(_table.Contains(7), Is.True);
        Assert.That(() => _table.Grant(7, 60), Throws.TypeOf<EtcdException>().With.Property("Error").EqualTo(EtcdError.LeaseExist));
        Assert.That(() => _table.Grant(0, 60), Throws.TypeOf<EtcdException>().With.Property("Error").EqualTo(EtcdError.LeaseNotFound));
        Assert.That(_table.Count, Is.EqualTo(1));
    }

    [Test]
    public void Revoke_returns_the_keys_in_byte_order_and_forgets_the_lease()
    {
        _table.Grant(7, 60);
        foreach (byte[] key in new byte[][] { [0xff], "b"u8.ToArray(), "a"u8.ToArray(), "ab"u8.ToArray(), "b"u8.ToArray() })
            _table.Attach(7, key);
        Assert.That(_table.Revoke(7), Is.EqualTo(new byte[][] { "a"u8.ToArray(), "ab"u8.ToArray(), "b"u8.ToArray(), [0xff] }));
        Assert.That(_table.Contains(7), Is.False);
        Assert.That(() => _table.Revoke(7), Throws.TypeOf<EtcdException>().With.Property("Error").EqualTo(EtcdError.LeaseNotFound));
        Assert.That(() => _table.Attach(7, [1]), Throws.TypeOf<EtcdException>().With.Property("Error").EqualTo(EtcdError.LeaseNotFound));
        Assert.That(() => _table.Detach(7, [1]), Throws.Nothing, "the keys of a lease are deleted after it is gone");
        Assert.That(_table.Keys(7), Is.Empty);
    }

    [Test]
    public void Attached_keys_match_a_set([Range(1, 20)] int seed)
    {
        Random random = new(seed);
        SortedSet<string> model = new(StringComparer.Ordinal);
        _table.Grant(1, 60);
        for (int i = 0; i < 200; i++)
        {
            string key = $"{random.Next(5)}";
            if (random.Next(2) == 0)
            {
                model.Add(key);
                _table.Attach(1, Encoding.UTF8.GetBytes(key));
            }
            else
            {
                model.Remove(key);
                _table.Detach(1, Encoding.UTF8.GetBytes(key));
            }

            Assert.That(_table.Keys(1).ConvertAll(Encoding.UTF8.GetString), Is.EqualTo(model), $"seed {seed}, step {i}");
        }
    }

    [Test]
    public void A_snapshot_is_in_order_of_id_and_restores_what_was_saved()
    {
        foreach (long id in new long[] { 5, -3, 900, 1 })
            _table.Grant(id, id + 100);
        _table.Checkpoint(5, 12);
        _table.Checkpoint(6, 12);
        LeaseInfo[] saved = _table.Snapshot();
        Assert.That(saved, Is.EqualTo(new LeaseInfo[] { new(-3, 97, 0), new(1, 101, 0), new(5, 105, 12), new(900, 1000, 0) }));

        LeaseTable restored = new();
        foreach (LeaseInfo lease in saved)
            restored.Restore(lease);
        Assert.That(restored.Snapshot(), Is.EqualTo(saved));
        Assert.That(restored.TryGet(5, out LeaseInfo five), Is.True);
        Assert.That(five.RemainingTtl, Is.EqualTo(12));
        Assert.That(restored.TryGet(6, out _), Is.False);
    }

    [TestCase(1000, 2)]
    [TestCase(1, 1)]
    [TestCase(2000, 3)]
    [TestCase(2001, 4)]
    [TestCase(50_000, 75)]
    public void The_floor_is_one_and_a_half_election_timeouts(long electionTimeoutMs, long expected)
    {
        Assert.That(LeaseRules.MinTtlSeconds(electionTimeoutMs), Is.EqualTo(expected));
    }

    [Test]
    public void A_ttl_is_raised_to_the_floor_and_refused_above_the_ceiling()
    {
        Assert.That(LeaseRules.SettleTtl(-5, 2), Is.EqualTo(2));
        Assert.That(LeaseRules.SettleTtl(3, 2), Is.EqualTo(3));
        Assert.That(LeaseRules.SettleTtl(9_000_000_000, 2), Is.EqualTo(9_000_000_000));
        Assert.That(() => LeaseRules.SettleTtl(9_000_000_001, 2),
            Throws.TypeOf<EtcdException>().With.Property("Error").EqualTo(EtcdError.LeaseTTLTooLarge));
    }

    [Test]
    public void An_id_is_picked_that_is_positive_and_free()
    {
        _table.Grant(42, 60);
        Queue<ulong> random = new([0, 42, 1UL << 63 | 43, 44]);
        Assert.That(LeaseRules.SettleId(0, _table, random.Dequeue), Is.EqualTo(43));
        Assert.That(LeaseRules.SettleId(42, _table, random.Dequeue), Is.EqualTo(42), "what the client picks, apply judges");
    }
}
