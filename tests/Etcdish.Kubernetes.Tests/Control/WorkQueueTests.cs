using System.Threading.Channels;
using Etcdish.Kubernetes.Control;
using Etcdish.Testing;

namespace Etcdish.Kubernetes.Tests.Control;

/// <summary>Keys wait once, are worked on by one, and come in order.</summary>
public sealed class WorkQueueTests
{
    private readonly ManualClock _clock = new();
    private WorkQueue<string> _queue = null!;

    [SetUp]
    public void SetUp() => _queue = new WorkQueue<string>(_clock);

    [TearDown]
    public void TearDown() => _queue.Dispose();

    [Test]
    public async Task Keys_come_in_the_order_in_which_they_were_added_and_once()
    {
        foreach (var key in (string[])["a", "b", "a", "c", "b"])
        {
            _queue.Add(key);
        }

        Assert.That(await TakeAsync(3), Is.EqualTo(["a", "b", "c"]));
        Assert.That(await IsEmptyAsync(), Is.True);
    }

    [Test]
    public async Task A_key_that_is_worked_on_waits_until_that_is_done()
    {
        _queue.Add("a");
        await TakeAsync(1);
        _queue.Add("a");
        Assert.That(await IsEmptyAsync(), Is.True);
        _queue.Done("a");
        Assert.That(await TakeAsync(1), Is.EqualTo(["a"]));
    }

    [Test]
    public async Task A_key_that_is_done_and_was_not_added_again_is_gone()
    {
        _queue.Add("a");
        await TakeAsync(1);
        _queue.Done("a");
        Assert.That((await IsEmptyAsync(), _queue.Count), Is.EqualTo((true, 0)));
    }

    [Test]
    public async Task A_delayed_key_comes_when_it_is_due_and_not_before()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(3));
        _queue.AddAfter("b", TimeSpan.FromSeconds(1));
        Assert.That(_queue.Count, Is.Zero);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await TakeAsync(1), Is.EqualTo(["b"]));
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.That(await IsEmptyAsync(), Is.True);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(await TakeAsync(1), Is.EqualTo(["a"]));
    }

    [TestCase(5, 2)]
    [TestCase(2, 5)]
    public async Task Of_several_delays_the_shortest_counts_and_only_once(int first, int second)
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(first));
        _queue.AddAfter("a", TimeSpan.FromSeconds(second));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.That(await TakeAsync(1), Is.EqualTo(["a"]));
        _queue.Done("a");
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.That(await IsEmptyAsync(), Is.True);
    }

    [Test]
    public async Task A_delay_does_not_keep_a_key_from_being_added_at_once()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(5));
        _queue.Add("a");
        Assert.That(await TakeAsync(1), Is.EqualTo(["a"]));
        _queue.Done("a");
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.That(await TakeAsync(1), Is.EqualTo(["a"]));
    }

    [Test]
    public async Task Pauses_behind_failures_double_up_to_the_longest()
    {
        using var queue = new WorkQueue<string>(_clock, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
        List<int> pauses = [];
        for (var i = 0; i < 5; i++)
        {
            queue.AddRateLimited("a");
            var seconds = 0;
            while (queue.Count == 0)
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                seconds++;
            }

            pauses.Add(seconds);
            queue.Done(await queue.TakeAsync(CancellationToken.None));
        }

        Assert.That(pauses, Is.EqualTo([1, 2, 4, 5, 5]));
        Assert.That(queue.Failures("a"), Is.EqualTo(5));
        queue.Forget("a");
        queue.AddRateLimited("a");
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(queue.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task A_closed_queue_gives_out_what_waits_and_then_ends_its_workers()
    {
        _queue.Add("a");
        _queue.AddAfter("b", TimeSpan.FromSeconds(1));
        _queue.Dispose();
        _queue.Add("c");
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.That(await TakeAsync(1), Is.EqualTo(["a"]));
        Assert.That(async () => await _queue.TakeAsync(CancellationToken.None), Throws.InstanceOf<ChannelClosedException>());
    }

    [Test]
    public async Task Many_workers_never_have_the_same_key_and_lose_none()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var asked = new int[20];
        var seen = new int[20];
        var inside = new int[20];
        using var queue = new WorkQueue<int>(TimeProvider.System);
        var workers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var key = await queue.TakeAsync(CancellationToken.None);
                    Assert.That(Interlocked.Increment(ref inside[key]), Is.EqualTo(1), $"seed {seed}");
                    var now = Volatile.Read(ref asked[key]);
                    await Task.Yield();
                    seen[key] = now;
                    Interlocked.Decrement(ref inside[key]);
                    queue.Done(key);
                }
            }
            catch (ChannelClosedException)
            {
                // The end of the test.
            }
        })).ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var key = random.Next(asked.Length);
            Interlocked.Increment(ref asked[key]);
            queue.Add(key);
        }

        Assert.That(() => queue.Count, Is.Zero.After(20_000, 1));
        queue.Dispose();
        await Task.WhenAll(workers);
        Assert.That(seen, Is.EqualTo(asked), $"seed {seed}");
    }

    /// <summary>Whether a worker that comes now would have to wait.</summary>
    private async Task<bool> IsEmptyAsync()
    {
        using var stop = new CancellationTokenSource();
        var taking = _queue.TakeAsync(stop.Token).AsTask();
        var isEmpty = !taking.IsCompleted;
        await stop.CancelAsync();
        await ((Task)taking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return isEmpty;
    }

    private async Task<string[]> TakeAsync(int count)
    {
        var keys = new string[count];
        for (var i = 0; i < count; i++)
        {
            keys[i] = await _queue.TakeAsync(CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        }

        return keys;
    }
}
