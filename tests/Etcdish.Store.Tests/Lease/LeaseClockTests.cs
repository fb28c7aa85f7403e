namespace Etcdish.Store.Tests.Lease;

/// <summary>The leader's clock, with a clock of our own.</summary>
public sealed class LeaseClockTests
{
    private static readonly LeaseClockOptions _options = new() { CheckpointIntervalMs = 5_000, ExpiredRetryMs = 3_000 };

    private LeaseTable _table = null!;
    private LeaseClock _clock = null!;

    [SetUp]
    public void SetUp()
    {
        _table = new LeaseTable();
        _clock = new LeaseClock(_table, _options);
        _clock.Promote(0);
    }

    [Test]
    public void A_lease_never_expires_early_and_soon_after_its_time()
    {
        Grant(1, 2, now: 1_003);
        Assert.That(Expired(3_002), Is.Empty);
        Assert.That(Expired(3_003 + TimerWheel.TickMs), Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public void An_expired_lease_cannot_be_renewed_even_before_it_is_reported()
    {
        Grant(1, 2, now: 0);
        Assert.That(_clock.TryRenew(1, 1_999, out long ttl, out _), Is.True);
        Assert.That(ttl, Is.EqualTo(2));
        Assert.That(_clock.RemainingMs(1, 2_000), Is.EqualTo(1_999));
        Assert.That(_clock.TryRenew(1, 3_999, out ttl, out _), Is.False);
        Assert.That(ttl, Is.Zero);
        Assert.That(_clock.RemainingMs(1, 5_000), Is.Zero);
        Assert.That(_clock.TryRenew(2, 0, out ttl, out _), Is.False);
        Assert.That(_clock.RemainingMs(2, 0), Is.EqualTo(-1));
    }

    [Test]
    public void An_expired_lease_is_reported_again_until_it_is_revoked()
    {
        Grant(1, 2, now: 0);
        Assert.That(Expired(2_100), Is.EqualTo(new[] { 1 }));
        Assert.That(Expired(5_000), Is.Empty);
        Assert.That(Expired(5_200), Is.EqualTo(new[] { 1 }));
        _clock.Revoked(1);
        Assert.That(Expired(60_000), Is.Empty);
    }

    [Test]
    public void A_crowd_of_expiries_is_reported_in_portions()
    {
        for (int id = 1; id <= 1_200; id++)
            Grant(id, 2, now: 0);
        HashSet<long> all = [];
        for (int i = 0; i < 3; i++)
            all.UnionWith(Expired(2_100, limit: 500));
        Assert.That(all, Has.Count.EqualTo(1_200));
        Assert.That(Expired(2_100, limit: 500), Is.Empty);
    }

    [Test]
    public void A_new_leader_starts_each_ttl_anew_or_from_its_checkpoint()
    {
        _table.Grant(1, 10);
        _table.Grant(2, 10);
        _table.Checkpoint(2, 4);
        _clock.Promote(100_000, extendMs: 1_000);
        Assert.That(_clock.RemainingMs(1, 100_000), Is.EqualTo(11_000));
        Assert.That(_clock.RemainingMs(2, 100_000), Is.EqualTo(5_000));
        Assert.That(_clock.SoonestFirst(), Is.EqualTo(new[] { 2, 1 }));
        _clock.Demote();
        Assert.That(_clock.SoonestFirst(), Is.Empty);
        Assert.That(_clock.TryRenew(1, 100_000, out _, out _), Is.False);
        Assert.That(Expired(1_000_000), Is.Empty);
    }

    [Test]
    public void Only_leases_that_are_left_alone_for_an_interval_are_checkpointed()
    {
        Grant(1, 5, now: 0);
        Grant(2, 100, now: 0);
        Grant(3, 100, now: 0);
        _clock.TryRenew(3, 4_000, out _, out _);
        Assert.That(Checkpoints(5_100), Is.EqualTo(new LeaseCheckpoint[] { new(2, 95) }), "1 is too short, 3 was renewed");
        Assert.That(Checkpoints(9_100), Is.EqualTo(new LeaseCheckpoint[] { new(3, 95) }));
        Assert.That(Checkpoints(10_150), Is.EqualTo(new LeaseCheckpoint[] { new(2, 90) }));
        Assert.That(Checkpoints(200_000), Is.Empty, "both have expired");
    }

    [Test]
    public void A_renewal_after_a_checkpoint_needs_a_reset_until_the_reset_is_applied()
    {
        Grant(1, 100, now: 0);
        Assert.That(RenewNeedsReset(1, 1_000), Is.False);
        Assert.That(Checkpoints(6_100), Has.Count.EqualTo(1));
        Assert.That(RenewNeedsReset(1, 6_200), Is.True, "the checkpoint may be on its way");
        Apply(1, 95);
        Assert.That(RenewNeedsReset(1, 6_300), Is.True);
        Apply(1, 0);
        Assert.That(RenewNeedsReset(1, 6_400), Is.False);

        Assert.That(Checkpoints(11_500), Has.Count.EqualTo(1));
        Assert.That(RenewNeedsReset(1, 11_600), Is.True);
        Assert.That(RenewNeedsReset(1, 11_700), Is.True, "the reset may have been lost");
        Apply(1, 0);
        Assert.That(RenewNeedsReset(1, 11_800), Is.False, "as was the checkpoint");
    }

    [Test]
    public void A_renewal_after_a_promotion_from_a_checkpoint_needs_a_reset()
    {
        _table.Grant(1, 100);
        _table.Checkpoint(1, 40);
        _clock.Promote(0);
        Assert.That(RenewNeedsReset(1, 1), Is.True);
        Assert.That(_clock.RemainingMs(1, 1), Is.EqualTo(100_000), "the renewal is for the full TTL");
    }

    [Test]
    public void The_longest_lease_fits()
    {
        Grant(1, LeaseRules.MaxTtlSeconds, now: 5);
        Assert.That(Expired(LeaseRules.MaxTtlSeconds * 1000), Is.Empty);
        Assert.That(Expired(LeaseRules.MaxTtlSeconds * 1000 + 100), Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public void Random_histories_match_a_naive_model()
    {
        for (int seed = 1; seed <= 100; seed++)
        {
            try
            {
                RunAgainstModel(new Random(seed));
            }
            catch (Exception)
            {
                TestContext.Out.WriteLine($"failing seed: {seed}");
                throw;
            }
        }
    }

    /// <summary>The model: a deadline per lease, and when it was last reported.</summary>
    private static void RunAgainstModel(Random random)
    {
        LeaseTable table = new();
        LeaseClock clock = new(table, _options);
        long now = random.NextInt64(1L << random.Next(40));
        clock.Promote(now);
        Dictionary<long, (long Ttl, long Deadline, long Reported)> model = [];
        List<long> expired = [];
        for (int step = 0; step < 300; step++)
        {
            long id = random.Next(1, 12);
            now += random.Next(4) == 0 ? random.NextInt64(1L << random.Next(24)) : random.Next(50);
            switch (random.Next(5))
            {
                case 0 when !model.ContainsKey(id):
                    long ttl = 1 + random.NextInt64(1L << random.Next(16));
                    clock.Granted(id, ttl, now);
                    model[id] = (ttl, now + ttl * 1000, long.MinValue);
                    break;
                case 1:
                    clock.Revoked(id);
                    model.Remove(id);
                    break;
                case 2 or 3:
                    bool alive = model.TryGetValue(id, out var lease) && now < lease.Deadline;
                    Assert.That(clock.TryRenew(id, now, out long renewed, out _), Is.EqualTo(alive));
                    Assert.That(renewed, Is.EqualTo(alive ? lease.Ttl : 0));
                    if (alive)
                        model[id] = lease with { Deadline = now + lease.Ttl * 1000 };
                    break;
                default:
                    expired.Clear();
                    clock.Advance(now, 1000, expired);
                    CheckExpired(model, expired, now);
                    break;
            }

            Assert.That(clock.SoonestFirst(), Is.EqualTo(model.OrderBy(l => (l.Value.Deadline, l.Key)).Select(l => l.Key)));
        }
    }

    private static void CheckExpired(Dictionary<long, (long Ttl, long Deadline, long Reported)> model, List<long> expired, long now)
    {
        Assert.That(expired, Is.Unique);
        foreach ((long id, var lease) in model.ToArray())
        {
            long due = Math.Max(lease.Deadline, lease.Reported + (lease.Reported < 0 ? 0 : _options.ExpiredRetryMs));
            if (expired.Remove(id))
            {
                Assert.That(due, Is.LessThanOrEqualTo(now), $"lease {id} was reported early");
                model[id] = lease with { Reported = now };
            }
            else
                Assert.That(due, Is.GreaterThan(now - TimerWheel.TickMs), $"lease {id} was reported late");
        }

        Assert.That(expired, Is.Empty, "unknown leases were reported");
    }

    private void Grant(long id, long ttl, long now)
    {
        _table.Grant(id, ttl);
        _clock.Granted(id, ttl, now);
    }

    private void Apply(long id, long remaining)
    {
        _table.Checkpoint(id, remaining);
        _clock.CheckpointApplied(id, remaining);
    }

    private bool RenewNeedsReset(long id, long now)
    {
        Assert.That(_clock.TryRenew(id, now, out _, out bool needsReset), Is.True);
        return needsReset;
    }

    private List<long> Expired(long now, int limit = 500)
    {
        List<long> expired = [];
        _clock.Advance(now, limit, expired);
        return expired;
    }

    private List<LeaseCheckpoint> Checkpoints(long now)
    {
        List<LeaseCheckpoint> checkpoints = [];
        _clock.CollectCheckpoints(now, 500, checkpoints);
        return checkpoints;
    }
}
