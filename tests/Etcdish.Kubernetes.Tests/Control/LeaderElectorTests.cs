using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Testing;

namespace Etcdish.Kubernetes.Tests.Control;

/// <summary>Of several candidates one leads, whatever happens to it, and never two.</summary>
public sealed class LeaderElectorTests
{
    private readonly List<Candidate> _candidates = [];
    private ManualClock _clock = new();
    private LeaseServer _server = new();

    [SetUp]
    public void SetUp() => (_clock, _server) = (new ManualClock(), new LeaseServer());

    [TearDown]
    public async Task TearDownAsync()
    {
        foreach (var candidate in _candidates)
        {
            await candidate.DisposeAsync();
        }

        _candidates.Clear();
    }

    [Test]
    public void The_first_one_leads_by_a_lease_with_all_that_others_read()
    {
        var first = Start("first");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Leads, Is.True);
            Assert.That(_server.Lease!["metadata"]!["name"]!.GetValue<string>(), Is.EqualTo("kube-scheduler"));
            Assert.That(_server.Spec["holderIdentity"]!.GetValue<string>(), Is.EqualTo("first"));
            Assert.That(_server.Spec["leaseDurationSeconds"]!.GetValue<int>(), Is.EqualTo(15));
            Assert.That(_server.Spec["leaseTransitions"]!.GetValue<int>(), Is.Zero);
            Assert.That(_server.Spec["acquireTime"]!.GetValue<string>(), Is.EqualTo("2026-01-01T00:00:00.000000Z"));
            Assert.That(_server.Spec["renewTime"]!.GetValue<string>(), Is.EqualTo("2026-01-01T00:00:00.000000Z"));
        }
    }

    [Test]
    public void A_leader_renews_and_keeps_others_out()
    {
        var first = Start("first");
        var second = Start("second");
        Pass(60);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Leads, Is.True);
            Assert.That(second.Leads, Is.False);
            Assert.That(second.Elector.Leader, Is.EqualTo("first"));
            Assert.That(_server.Spec["renewTime"]!.GetValue<string>(), Is.EqualTo("2026-01-01T00:01:00.000000Z"));
            Assert.That(_server.Spec["acquireTime"]!.GetValue<string>(), Is.EqualTo("2026-01-01T00:00:00.000000Z"));
        }
    }

    [Test]
    public async Task Who_ends_gives_the_lease_back_and_another_leads_at_its_next_look()
    {
        var first = Start("first");
        var second = Start("second");
        await first.StopAsync();
        Assert.That(_server.Spec["holderIdentity"]!.GetValue<string>(), Is.Empty);
        Pass(3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(second.Leads, Is.True);
            Assert.That(_server.Spec["leaseTransitions"]!.GetValue<int>(), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Work_has_ended_before_the_lease_is_given_back()
    {
        var first = Start("first");
        first.LingerAfterStop();
        var stopping = first.StopAsync();
        Pass(4);
        Assert.That(_server.Spec["holderIdentity"]!.GetValue<string>(), Is.EqualTo("first"));
        first.FinishWork();
        await stopping;
        Assert.That(_server.Spec["holderIdentity"]!.GetValue<string>(), Is.Empty);
    }

    [Test]
    public async Task A_leader_that_is_cut_off_ends_before_another_may_lead()
    {
        var first = Start("first");
        var second = Start("second");
        first.Client.IsCutOff = true;
        Pass(10);
        await AssertLostAsync(first, "could not be renewed");
        Assert.That(second.Leads, Is.False);
        Pass(10);
        Assert.That(second.Leads, Is.True);
    }

    [Test]
    public async Task A_leader_whose_requests_hang_ends_as_well()
    {
        var first = Start("first");
        first.Client.Hold();
        Pass(11);
        await AssertLostAsync(first, "could not be renewed");
    }

    [Test]
    public async Task A_leader_that_slept_through_its_lease_ends_without_asking()
    {
        var first = Start("first");
        first.Client.Hold();
        _clock.Advance(TimeSpan.FromSeconds(40));
        await AssertLostAsync(first, "could not be renewed");
    }

    [Test]
    public async Task A_lease_that_somebody_took_is_lost_at_once_and_not_given_back()
    {
        var first = Start("first");
        _server.Change(lease => lease["spec"]!["holderIdentity"] = "thief");
        Pass(2);
        await AssertLostAsync(first, "thief's now");
        Assert.That(_server.Spec["holderIdentity"]!.GetValue<string>(), Is.EqualTo("thief"));
    }

    [TestCase(-3600)]
    [TestCase(3600)]
    public void Clocks_that_differ_do_not_matter(int skew)
    {
        var first = Start("first");
        var second = Start("second", new SkewedClock(_clock, TimeSpan.FromSeconds(skew)));
        Pass(60);
        Assert.That((first.Leads, second.Leads), Is.EqualTo((true, false)));
    }

    [Test]
    public void A_dead_leaders_lease_is_waited_for_as_long_as_it_says_from_when_it_was_seen()
    {
        Start("first");
        _server.Change(lease => lease["spec"]!["holderIdentity"] = "dead");
        var second = Start("second");
        Pass(14);
        Assert.That(second.Leads, Is.False);
        Pass(4);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(second.Leads, Is.True);
            Assert.That(_server.Spec["leaseTransitions"]!.GetValue<int>(), Is.EqualTo(1));
        }
    }

    [Test]
    public void A_lease_that_was_removed_is_made_again_by_its_leader()
    {
        var first = Start("first");
        _server.Remove();
        Pass(4);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Leads, Is.True);
            Assert.That(_server.Spec["holderIdentity"]!.GetValue<string>(), Is.EqualTo("first"));
        }
    }

    [Test]
    public void What_else_is_in_the_lease_survives()
    {
        Start("first");
        _server.Change(lease => lease["metadata"]!["labels"] = new System.Text.Json.Nodes.JsonObject { ["a"] = "b" });
        Pass(6);
        Assert.That(_server.Lease!["metadata"]!["labels"]!["a"]!.GetValue<string>(), Is.EqualTo("b"));
    }

    [Test]
    public void Times_that_do_not_go_together_are_refused()
    {
        var elector = new LeaderElector(
            Connect(new LeaseClient(_server)),
            new LeaderElectionOptions { Name = "a", Identity = "b", RenewDeadline = TimeSpan.FromSeconds(15) },
            _clock,
            _ => { });
        Assert.That(async () => await elector.RunAsync(_ => Task.CompletedTask, CancellationToken.None), Throws.ArgumentException);
    }

    [Test]
    public void Never_do_two_lead_whatever_is_cut_off_and_restored()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var i = 0; i < 4; i++)
        {
            Start($"c{i}");
        }

        var led = 0;
        for (var second = 0; second < 2000; second++)
        {
            var one = _candidates[random.Next(_candidates.Count)];
            one.Client.IsCutOff = random.Next(4) == 0;
            _clock.Advance(TimeSpan.FromMilliseconds(random.Next(1, 2000)));
            var leading = _candidates.Count(candidate => candidate.Leads);
            Assert.That(leading, Is.LessThanOrEqualTo(1), $"seed {seed}, step {second}");
            led += leading;
            if (_candidates.Find(candidate => candidate.Running.IsCompleted) is { } ended)
            {
                _candidates.Remove(ended);
                Start($"again{second}");
            }
        }

        Assert.That(led, Is.GreaterThan(500), $"seed {seed}");
    }

    private static async Task AssertLostAsync(Candidate candidate, string why)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                async () => await candidate.Running.WaitAsync(TimeSpan.FromSeconds(20)),
                Throws.TypeOf<LeadershipLostException>().With.Message.Contains(why));
            Assert.That(candidate.Leads, Is.False);
        }

        await Task.CompletedTask;
    }

    private static KubernetesClient Connect(LeaseClient client) => new(client, new Uri("http://leases"));

    private Candidate Start(string name, TimeProvider? clock = null)
    {
        var candidate = new Candidate(_server, name, clock ?? _clock);
        _candidates.Add(candidate);
        return candidate;
    }

    /// <summary>Lets time pass. Whoever is woken goes on within this call.</summary>
    private void Pass(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>A candidate, whose work is to be there.</summary>
    private sealed class Candidate : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly TaskCompletionSource _finished = new();
        private bool _lingers;

        public Candidate(LeaseServer server, string name, TimeProvider clock)
        {
            Client = server.Connect();
            var options = new LeaderElectionOptions { Name = "kube-scheduler", Identity = name };
            Elector = new LeaderElector(Connect(Client), options, clock, _ => { });
            Running = Elector.RunAsync(WorkAsync, _stop.Token);
        }

        public LeaseClient Client { get; }

        public LeaderElector Elector { get; }

        public Task Running { get; }

        public bool Leads { get; private set; }

        public void LingerAfterStop() => _lingers = true;

        public void FinishWork() => _finished.TrySetResult();

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        public async ValueTask DisposeAsync()
        {
            FinishWork();
            await StopAsync();
            _stop.Dispose();
        }

        private async Task WorkAsync(CancellationToken cancellation)
        {
            Leads = true;
            using var registration = cancellation.Register(() =>
            {
                if (!_lingers)
                {
                    FinishWork();
                }
            });
            await _finished.Task;
            Leads = false;
        }
    }

    /// <summary>A clock that shows another time and runs as fast.</summary>
    private sealed class SkewedClock(TimeProvider clock, TimeSpan skew) : TimeProvider
    {
        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow() + skew;

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            clock.CreateTimer(callback, state, dueTime, period);
    }
}
