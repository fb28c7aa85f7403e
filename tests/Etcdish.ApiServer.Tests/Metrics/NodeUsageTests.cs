using Etcdish.ApiServer.Metrics;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests.Metrics;

/// <summary>When a kubelet is asked.</summary>
public sealed class NodeUsageTests
{
    private ManualClock _clock = null!;
    private List<string> _warnings = null!;
    private Func<NodeSample> _sample = null!;
    private NodeUsage _usage = null!;
    private int _asked;

    [SetUp]
    public void Begin()
    {
        (_clock, _warnings, _asked) = (new ManualClock(), [], 0);
        _sample = () => new NodeSample(_clock.GetUtcNow(), null, []);
        _usage = new NodeUsage(
            _ =>
            {
                _asked++;
                return Task.FromResult(_sample());
            },
            new MetricsSettings { FirstWindow = TimeSpan.Zero }, _clock, _warnings.Add);
    }

    [Test]
    public async Task At_first_two_samples_are_taken_then_one_a_period()
    {
        var first = await GetAsync();
        Assert.That(_asked, Is.EqualTo(2));
        _clock.Advance(TimeSpan.FromSeconds(14));
        Assert.That(await GetAsync(), Is.SameAs(first));
        Assert.That(_asked, Is.EqualTo(2));
        _clock.Advance(TimeSpan.FromSeconds(1));
        var second = await GetAsync();
        Assert.That(_asked, Is.EqualTo(3));
        Assert.That(second!.Before, Is.SameAs(first!.Now));
        Assert.That(second.Now.Time - second.Before.Time, Is.EqualTo(TimeSpan.FromSeconds(15)));
    }

    [Test]
    public async Task A_sample_from_long_ago_is_no_beginning_of_a_window()
    {
        await GetAsync();
        _clock.Advance(TimeSpan.FromSeconds(61));
        var pair = await GetAsync();
        Assert.That(_asked, Is.EqualTo(4));
        Assert.That(pair!.Before.Time, Is.EqualTo(_clock.GetUtcNow()));
    }

    [Test]
    public async Task A_failure_counts_for_a_period_and_is_told_once()
    {
        _sample = () => throw new IOException("no way there");
        Assert.That(await GetAsync(), Is.Null);
        Assert.That(await GetAsync(), Is.Null);
        Assert.That(_asked, Is.EqualTo(1));
        _clock.Advance(TimeSpan.FromSeconds(15));
        Assert.That(await GetAsync(), Is.Null);
        Assert.That((_asked, string.Join(',', _warnings)), Is.EqualTo((2, "no way there")));

        _sample = () => new NodeSample(_clock.GetUtcNow(), null, []);
        _clock.Advance(TimeSpan.FromSeconds(15));
        Assert.That(await GetAsync(), Is.Not.Null);
    }

    [Test]
    public async Task All_who_ask_at_once_are_told_the_same()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => GetAsync()));
        Assert.That(answers, Is.All.SameAs(answers[0]));
        Assert.That(_asked, Is.EqualTo(2));
    }

    [Test]
    public async Task Who_is_not_asked_for_is_forgotten()
    {
        await GetAsync();
        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.That(_usage.IsForgotten, Is.False);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_usage.IsForgotten, Is.True);
    }

    private Task<SamplePair?> GetAsync() => _usage.GetAsync(CancellationToken.None);
}
