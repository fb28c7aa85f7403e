namespace Etcdish.Store.Tests.Watch;

/// <summary>Random schedules of everything that can happen, judged by <see cref="WatchValidator"/>.</summary>
public sealed class WatchModelTests
{
    private const int Schedules = 600;

    [Test]
    public void Random_schedules_keep_all_guarantees()
    {
        for (int seed = 1; seed <= Schedules; seed++)
        {
            try
            {
                new Schedule(seed).Run();
            }
            catch (Exception)
            {
                TestContext.Out.WriteLine($"failing seed: {seed}");
                throw;
            }
        }
    }

    private sealed class Schedule
    {
        private readonly Random _random;
        private readonly FakeHistory _history = new();
        private readonly WatchHub _hub;
        private readonly List<(WatchClient Client, List<WatchCreateRequest> Creates)> _clients = [];

        public Schedule(int seed)
        {
            _random = new Random(seed);
            _hub = new WatchHub(_history, _history, new WatchOptions
            {
                MaxResponseBytes = Pick(1, 150, 1000, 2_000_000),
                StreamBufferBytes = Pick(1, 200, 2000, 1_000_000),
                CatchUpRevisions = Pick(1, 3, 1000),
            });
            for (int i = _random.Next(1, 4); i > 0; i--)
                _clients.Add((new WatchClient(_hub), []));
        }

        public void Run()
        {
            _history.Meanwhile = Meanwhile;
            for (int step = 0; step < 150; step++)
                Step();

            _history.Meanwhile = null;
            _hub.Dispatch();
            foreach ((WatchClient client, List<WatchCreateRequest> creates) in _clients)
            {
                client.Drain();
                new WatchValidator(_history, creates).Check(client.Taken, isDrained: true);
            }

            Assert.That(_hub.Statistics, Has.Property("SlowWatchers").Zero.And.Property("PendingEvents").Zero);
            _clients.ForEach(c => c.Client.Dispose());
            Assert.That(_hub.Statistics, Has.Property("Watchers").Zero.And.Property("Streams").Zero);
            Assert.That(_history.OpenScopes, Is.Zero);
        }

        private void Step()
        {
            (WatchClient client, List<WatchCreateRequest> creates) = _clients[_random.Next(_clients.Count)];
            switch (_random.Next(20))
            {
                case < 7: Write(); break;
                case 7: _hub.Dispatch(); break;
                case 8 or 9 or 10: Create(client, creates); break;
                case 11: client.Stream.Cancel(_random.Next(6)); break;
                case 12: Compact(); break;
                case 13: _history.Relocate(); break;
                case 14: client.Stream.RequestProgress(); break;
                case 15: client.Stream.NotifyProgress(); break;
                case 16: client.Drain(); break;
                default: client.Take(); break;
            }
        }

        /// <summary>What other threads do while a taker reads the history; those that dispatch wait if the taker holds the gate.</summary>
        private void Meanwhile()
        {
            (WatchClient client, List<WatchCreateRequest> creates) = _clients[_random.Next(_clients.Count)];
            bool mayDispatch = !_hub.Gate.IsHeldByCurrentThread;
            switch (_random.Next(12))
            {
                case < 3: _hub.Publish(_history.Apply((Pick("a", "b", "c"), "meanwhile"))); break;
                case 3 when mayDispatch: _hub.Dispatch(); break;
                case 4 when mayDispatch: client.Stream.RequestProgress(); break;
                case 5 when mayDispatch: client.Stream.Cancel(_random.Next(6)); break;
                case 6 when mayDispatch: Create(client, creates); break;
                case 7: Compact(); break;
                case 8: _history.Relocate(); break;
                case 9 when mayDispatch: Write(); break;
                default: break;
            }
        }

        private void Write()
        {
            string[] keys = ["a", "b", "c", "d", "e"];
            _random.Shuffle(keys);
            (string, string?)[] operations =
                [.. keys.Take(_random.Next(1, 5)).Select(k => (k, _random.Next(3) == 0 ? null : new string('v', _random.Next(60))))];
            if (_hub.Publish(_history.Apply(operations)) && _random.Next(3) > 0)
                _hub.Dispatch();
        }

        private void Create(WatchClient client, List<WatchCreateRequest> creates)
        {
            WatchCreateRequest request = WatchClient.Request(Pick("", "a", "b", "c"), Pick("", "", "\0", "c", "e"));
            request.StartRevision = _random.Next(3) == 0 ? 0 : _history.CurrentRevision + _random.Next(-12, 4);
            request.NoPut = _random.Next(6) == 0;
            request.NoDelete = _random.Next(6) == 0;
            request.PrevKv = _random.Next(2) == 0;
            request.Fragment = _random.Next(2) == 0;
            request.ProgressNotify = _random.Next(2) == 0;
            request.WatchId = _random.Next(3) == 0 ? _random.Next(6) : 0;
            creates.Add(request);
            client.Stream.Create(request);
        }

        private void Compact()
        {
            long first = Math.Max(1, _history.CompactedRevision + 1);
            if (first <= _history.CurrentRevision)
                _history.Compact(_random.NextInt64(first, _history.CurrentRevision + 1));
        }

        private T Pick<T>(params T[] choices) => choices[_random.Next(choices.Length)];
    }
}
