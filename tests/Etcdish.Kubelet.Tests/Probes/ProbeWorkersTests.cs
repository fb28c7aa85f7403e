using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Tests.Probes;

public sealed class ProbeWorkersTests
{
    private const string Ready = "'readinessProbe':{'exec':{'command':['ready']},'periodSeconds':5}";
    private const string Live = "'livenessProbe':{'exec':{'command':['live']},'periodSeconds':5,'failureThreshold':2}";
    private const string Started = "'startupProbe':{'exec':{'command':['started']},'periodSeconds':2,'failureThreshold':3}";

    private ProbeHarness _harness = null!;

    [SetUp]
    public void SetUp() => _harness = new ProbeHarness();

    [TearDown]
    public async Task TearDown() => await _harness.DisposeAsync();

    [Test]
    public async Task Without_probes_a_container_is_started_and_ready()
    {
        var id = await _harness.AddAsync("");
        Assert.That(_harness.Workers.Results(id), Is.EqualTo(new ProbeResults(true, true, null)));
    }

    [Test]
    public async Task A_container_is_ready_when_its_probe_says_so_and_no_longer_when_it_fails()
    {
        _harness.Codes["ready"] = 1;
        var id = await _harness.AddAsync(Ready);
        await _harness.AdvanceAsync(0, "ready", 1);
        Assert.That(_harness.Workers.Results(id).IsReady, Is.False);
        Assert.That(_harness.Events, Is.EqualTo(new[] { "Unhealthy: Readiness probe failed: out err" }));
        _harness.Codes["ready"] = 0;
        await _harness.AdvanceAsync(5, "ready", 2);
        Assert.That(_harness.Workers.Results(id).IsReady, Is.True);
        Assert.That(_harness.Changes, Is.EqualTo(new[] { "u1" }));
        _harness.Codes["ready"] = 1;
        await _harness.AdvanceAsync(5, "ready", 3);
        await _harness.AdvanceAsync(5, "ready", 4);
        Assert.That(_harness.Workers.Results(id).IsReady, Is.True);
        await _harness.AdvanceAsync(5, "ready", 5);
        Assert.That(_harness.Workers.Results(id).IsReady, Is.False);
        Assert.That(_harness.Changes, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task What_fails_to_live_is_killed_by_its_probe_which_then_rests()
    {
        _harness.Codes["live"] = 1;
        var id = await _harness.AddAsync(Live + "," + Ready);
        await _harness.AdvanceAsync(0, "live", 1);
        Assert.That(_harness.Workers.Results(id).Killer, Is.Null);
        await _harness.AdvanceAsync(5, "live", 2);
        var results = _harness.Workers.Results(id);
        Assert.That((results.Killer?.Exec?.Command[0], results.KillerKind), Is.EqualTo(("live", "Liveness")));
        await _harness.AdvanceAsync(5, "ready", 3);
        Assert.That(_harness.Done("live"), Is.EqualTo(2));
    }

    [Test]
    public async Task Other_probes_wait_for_the_start_and_then_begin_at_once()
    {
        _harness.Codes["started"] = 1;
        var id = await _harness.AddAsync(Started + "," + Live + "," + Ready);
        await _harness.AdvanceAsync(0, "started", 1);
        await _harness.AdvanceAsync(2, "started", 2);
        Assert.That((_harness.Done("live"), _harness.Done("ready"), _harness.Workers.Results(id).IsStarted), Is.EqualTo((0, 0, false)));
        _harness.Codes["started"] = 0;
        await _harness.AdvanceAsync(2, "started", 3);
        await _harness.AdvanceAsync(0, "ready", 1);
        await _harness.AdvanceAsync(0, "live", 1);
        Assert.That(_harness.Workers.Results(id), Is.EqualTo(new ProbeResults(true, true, null) { KillerKind = "" }));
        await _harness.AdvanceAsync(5, "ready", 2);
        Assert.That(_harness.Done("started"), Is.EqualTo(3));
    }

    [Test]
    public async Task What_fails_to_start_is_killed()
    {
        _harness.Codes["started"] = 1;
        var id = await _harness.AddAsync(Started + "," + Ready);
        await _harness.AdvanceAsync(0, "started", 1);
        await _harness.AdvanceAsync(2, "started", 2);
        await _harness.AdvanceAsync(2, "started", 3);
        var results = _harness.Workers.Results(id);
        Assert.That((results.IsStarted, results.IsReady, results.KillerKind), Is.EqualTo((false, false, "Startup")));
        Assert.That(_harness.Done("ready"), Is.Zero);
    }

    [Test]
    public async Task The_first_probe_waits_for_its_delay_after_the_start()
    {
        await _harness.AddAsync("'readinessProbe':{'exec':{'command':['ready']},'initialDelaySeconds':7}");
        _harness.Clock.Advance(TimeSpan.FromSeconds(6));
        await _harness.AdvanceAsync(1, "ready", 1);
        await _harness.AdvanceAsync(10, "ready", 2);
    }

    [Test]
    public async Task Time_that_has_passed_is_not_made_up_for()
    {
        await _harness.AddAsync(Ready);
        await _harness.AdvanceAsync(0, "ready", 1);
        await _harness.AdvanceAsync(23, "ready", 2);
        await _harness.AdvanceAsync(1, "ready", 2);
        await _harness.AdvanceAsync(1, "ready", 3);
    }

    [Test]
    public async Task What_was_ready_stays_so_until_a_probe_says_otherwise()
    {
        _harness.Codes["ready"] = 1;
        var id = await _harness.AddAsync(Started + "," + Ready, age: TimeSpan.FromHours(1), wasReady: true);
        Assert.That(_harness.Workers.Results(id).IsReady, Is.True);
        await _harness.AdvanceAsync(5, "ready", 1);
        await _harness.AdvanceAsync(5, "ready", 2);
        await _harness.AdvanceAsync(5, "ready", 3);
        Assert.That((_harness.Workers.Results(id).IsReady, _harness.Done("started")), Is.EqualTo((false, 0)));
    }

    [Test]
    public async Task A_pod_that_ends_is_no_longer_killed_but_still_taken_from_its_services()
    {
        (_harness.Codes["live"], _harness.Codes["ready"]) = (0, 0);
        var id = await _harness.AddAsync(Live + "," + Ready);
        await _harness.AdvanceAsync(0, "ready", 1);
        await _harness.AdvanceAsync(0, "live", 1);
        _harness.Workers.StopLiveness("u1");
        (_harness.Codes["live"], _harness.Codes["ready"]) = (1, 1);
        await _harness.AdvanceAsync(5, "ready", 2);
        await _harness.AdvanceAsync(5, "ready", 3);
        await _harness.AdvanceAsync(5, "ready", 4);
        var results = _harness.Workers.Results(id);
        Assert.That((results.IsReady, results.Killer, _harness.Done("live")), Is.EqualTo((false, default(Kinds.ProbeManifest), 1)));
    }

    [Test]
    public async Task A_pod_that_ends_before_it_has_started_is_not_waited_for()
    {
        _harness.Codes["started"] = 1;
        await _harness.AddAsync(Started + "," + Ready);
        await _harness.AdvanceAsync(0, "started", 1);
        _harness.Workers.StopLiveness("u1");
        await _harness.AdvanceAsync(0, "ready", 1);
        await _harness.AdvanceAsync(5, "ready", 2);
        Assert.That(_harness.Done("started"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_container_that_is_stopped_is_forgotten()
    {
        var id = await _harness.AddAsync(Ready);
        await _harness.AdvanceAsync(0, "ready", 1);
        _harness.Workers.Stop(id);
        var other = await _harness.AddAsync(Live);
        await _harness.AdvanceAsync(0, "live", 1);
        await _harness.AdvanceAsync(5, "live", 2);
        Assert.That(_harness.Done("ready"), Is.EqualTo(1));
        Assert.That(_harness.Workers.ListCounts().Select(count => count.ProbeType), Is.All.EqualTo("Liveness"));
        Assert.That(other, Is.Not.EqualTo(id));
    }

    [Test]
    public async Task What_cannot_be_probed_changes_nothing_and_is_told()
    {
        var id = await _harness.AddAsync(Ready);
        await _harness.AdvanceAsync(0, "ready", 1);
        var tries = 0;
        _harness.Runtime.Command = (_, _) =>
        {
            tries++;
            throw new RuntimeException("no such container");
        };
        _harness.Clock.Advance(TimeSpan.FromSeconds(5));
        await ProbeHarness.UntilAsync(() => !_harness.Events.IsEmpty, () => "nothing was told");
        Assert.That(_harness.Events, Is.EqualTo(new[]
        {
            "Unhealthy: Readiness probe errored and resulted in unknown state: no such container",
        }));
        Assert.That((_harness.Workers.Results(id).IsReady, tries), Is.EqualTo((true, 3)));
    }

    [Test]
    public async Task Any_failure_of_a_probe_ends_no_more_than_that_probe()
    {
        await _harness.AddAsync(Ready);
        await _harness.AdvanceAsync(0, "ready", 1);
        var works = _harness.Runtime.Command;
        _harness.Runtime.Command = (_, _) => throw new InvalidOperationException("a bug");
        _harness.Clock.Advance(TimeSpan.FromSeconds(5));
        await ProbeHarness.UntilAsync(() => !_harness.Events.IsEmpty, () => "nothing was told");
        _harness.Runtime.Command = works;
        _harness.Clock.Advance(TimeSpan.FromSeconds(5));
        await ProbeHarness.UntilAsync(() => _harness.Done("ready") == 2, () => "it was not probed again");
    }

    [Test]
    public async Task A_command_that_takes_too_long_has_failed()
    {
        _harness.Runtime.Command = (_, _) => throw new TimeoutException();
        await _harness.AddAsync("'readinessProbe':{'exec':{'command':['sleep','9']},'timeoutSeconds':90}");
        await ProbeHarness.UntilAsync(() => !_harness.Events.IsEmpty, () => "nothing was told");
        Assert.That(
            _harness.Events,
            Is.EqualTo(new[] { "Unhealthy: Readiness probe failed: command timed out: \"sleep 9\" timed out after 1m30s" }));
    }

    [Test]
    public async Task Giant_output_is_cut_to_ten_KiB()
    {
        _harness.Runtime.Command = (_, _) => new CommandOutput(1, new byte[9000].Select(_ => (byte)'a').ToArray(), new byte[90_000_000]);
        await _harness.AddAsync(Ready);
        await ProbeHarness.UntilAsync(() => !_harness.Events.IsEmpty, () => "nothing was told");
        Assert.That(_harness.Events.Single(), Has.Length.EqualTo("Unhealthy: Readiness probe failed: ".Length + 10_240));
    }

    [Test]
    public async Task Commands_see_variables_that_have_plain_values()
    {
        IReadOnlyList<string> seen = [];
        _harness.Runtime.Command = (_, command) =>
        {
            seen = command;
            return new CommandOutput(0, [], []);
        };
        await _harness.AddAsync("'env':[{'name':'A','value':'1'}],'readinessProbe':{'exec':{'command':['t','$(A)','$(B)','$$(A)']}}");
        await ProbeHarness.UntilAsync(() => _harness.Counted() == 1, () => "it was not probed");
        Assert.That(seen, Is.EqualTo(new[] { "t", "1", "$(B)", "$(A)" }));
    }

    [Test]
    public async Task Results_are_counted_for_metrics()
    {
        await _harness.AddAsync(Ready);
        await _harness.AdvanceAsync(0, "ready", 1);
        await _harness.AdvanceAsync(5, "ready", 2);
        _harness.Codes["ready"] = 1;
        await _harness.AdvanceAsync(5, "ready", 3);
        Assert.That(_harness.Workers.ListCounts(), Is.EquivalentTo(new[]
        {
            new ProbeCount("ns", "web", "u1", "c", "Readiness", "successful", 2),
            new ProbeCount("ns", "web", "u1", "c", "Readiness", "failed", 1),
        }));
    }
}
