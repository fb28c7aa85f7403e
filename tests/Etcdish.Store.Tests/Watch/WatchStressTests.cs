namespace Etcdish.Store.Tests.Watch;

/// <summary>Real threads: one that publishes, one that dispatches, takers, and clients that come and go.</summary>
public sealed class WatchStressTests
{
    private const int Revisions = 4000;
    private const int Takers = 4;

    [Test]
    [CancelAfter(60_000)]
    public void Threads_do_not_break_any_guarantee(CancellationToken cancel)
    {
        FakeHistory history = new();
        WatchHub hub = new(history, history, new WatchOptions { StreamBufferBytes = 3000, MaxResponseBytes = 1500, CatchUpRevisions = 50 });
        using SemaphoreSlim work = new(0);
        List<Taker> takers = [.. Enumerable.Range(1, Takers).Select(i => new Taker(hub, history, i, cancel))];
        Task[] tasks =
        [
            .. takers.Select(t => Run(t.Run)),
            Run(() => Dispatch(hub, work, cancel)),
        ];
        Publish(hub, history, work);
        takers.ForEach(t => t.Finish(history.CurrentRevision));
        Assert.That(Task.WaitAll(tasks[..Takers], 30_000, cancel), Is.True);
        work.Release(Revisions * 2);
        tasks[^1].Wait(cancel);
        foreach (Taker taker in takers)
            new WatchValidator(history, taker.Creates).Check(taker.Client.Taken, isDrained: true);
        takers.ForEach(t => t.Client.Dispose());
        Assert.That(hub.Statistics, Has.Property("Watchers").Zero.And.Property("PendingEvents").Zero.And.Property("SlowWatchers").Zero);
        Assert.That(history.OpenScopes, Is.Zero);
    }

    private static Task Run(Action action) => Task.Factory.StartNew(
        action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void Publish(WatchHub hub, FakeHistory history, SemaphoreSlim work)
    {
        Random random = new(4711);
        for (int i = 0; i < Revisions; i++)
        {
            string key = $"{(char)('a' + random.Next(5))}";
            hub.Publish(history.Apply((key, $"{i}"), ("x", random.Next(2) == 0 ? null : "v")));
            work.Release();
        }
    }

    private static void Dispatch(WatchHub hub, SemaphoreSlim work, CancellationToken cancel)
    {
        for (int i = 0; i < Revisions + 1; i++)
        {
            work.Wait(cancel);
            hub.Dispatch();
        }
    }

    private sealed class Taker
    {
        private readonly FakeHistory _history;
        private readonly Random _random;
        private readonly CancellationToken _cancel;
        private readonly SemaphoreSlim _ready = new(0);
        private long _last = long.MaxValue;

        public Taker(WatchHub hub, FakeHistory history, int seed, CancellationToken cancel)
        {
            _history = history;
            _random = new Random(seed);
            _cancel = cancel;
            Client = new WatchClient(hub, () => _ready.Release());
        }

        public WatchClient Client { get; }

        public List<WatchCreateRequest> Creates { get; } = [];

        public void Finish(long revision)
        {
            Volatile.Write(ref _last, revision);
            _ready.Release();
        }

        public void Run()
        {
            for (int i = 0; Volatile.Read(ref _last) == long.MaxValue; i++)
            {
                if (Creates.Count < 200 && i % 3 == 0)
                    Create();
                if (i % 7 == 0)
                    Client.Stream.Cancel(_random.Next(200));
                if (i % 5 == 0)
                    Client.Stream.RequestProgress();
                if (Client.Take() is null)
                    _ready.Wait(_cancel);
            }

            // All is published, and the call dispatches it, so what is left is only to be taken.
            Client.Stream.RequestProgress();
            Client.Drain();
        }

        private void Create()
        {
            WatchCreateRequest request = WatchClient.Request($"{(char)('a' + _random.Next(5))}", _random.Next(2) == 0 ? "" : "\0");
            request.StartRevision = _random.Next(2) == 0 ? 0 : Math.Max(1, _history.CurrentRevision - _random.Next(-2, 300));
            request.PrevKv = _random.Next(2) == 0;
            request.Fragment = _random.Next(2) == 0;
            Creates.Add(request);
            Client.Stream.Create(request);
        }
    }
}
