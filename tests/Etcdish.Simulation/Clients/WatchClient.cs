using Etcdish.Checkers;
using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>
/// One watcher, over all its streams: opens, takes at its own pace, and when the stream is lost goes on at the next revision with whichever
/// member it finds.
/// </summary>
internal sealed class WatchClient
{
    private const long RetryTime = 300 * Span.Millisecond;

    private readonly World _world;
    private readonly SeededRandom _random;
    private readonly Checkers.KeyRange _keys;
    private readonly bool _prevKv;
    private readonly bool _noPut;
    private readonly bool _noDelete;
    private readonly WatchBatch _batch = new();
    private readonly List<WatchResponse> _responses = [];
    private Session? _session;
    private WatchRecord? _record;
    private long _next;
    private bool _isTaking;

    public WatchClient(World world, int number)
    {
        _world = world;
        Number = number;
        _random = SeededRandom.For(world.Seed, $"watcher {number}");
        _keys = _random.Chance(0.6) ? Checkers.KeyRange.Everything : new Checkers.KeyRange("k00", _random.Chance(0.5) ? null : "k05");
        _prevKv = _random.Chance(0.4);
        _noPut = _random.Chance(0.1);
        _noDelete = !_noPut && _random.Chance(0.1);
        _next = _random.Chance(0.5) ? 0 : 1;
    }

    public int Number { get; }

    /// <summary>All up to this revision was delivered, or promised to have been.</summary>
    public long Seen => _next - 1;

    public void OpenSoon() => _world.Queue.After(_random.Exponential(20 * Span.Millisecond), Open);

    public void OnMemberGone(int member)
    {
        if (_session is { } session && session.Process.Machine.Number == member)
        {
            Lose(session);
        }
    }

    /// <summary>Asks the stream how far it has come, so that a watcher of idle keys can tell that it is at the head.</summary>
    public void AskForProgress()
    {
        if (_session is { } session)
        {
            session.Process.Post(_world.Queue.Now, session.Stream.RequestProgress);
        }
    }

    /// <summary>The world is over: what was received counts, and up to where it was awaited.</summary>
    public void Close(long awaited)
    {
        if (_record is not null)
        {
            _record = _record with { AwaitedRevision = _session is null ? 0 : awaited };
        }

        Finish();
    }

    private void Open()
    {
        if (_session is not null)
        {
            return;
        }

        List<Machine> up = _world.Machines.FindAll(machine => machine.Process is not null);
        if (up.Count > 0 && _random.Pick(up).Process is { } process)
        {
            process.Post(_world.Queue.Now + _world.Network.ClientDelay(), () => Open(process));
        }

        // Again, in case that member is gone before the request arrives.
        _world.Queue.After(RetryTime, Open);
    }

    private void Open(NodeProcess process)
    {
        if (_session is not null)
        {
            return;
        }

        int id = _world.NextWatch();
        _world.Note(TraceKind.WatchOpened, Number, _next, process.Machine.Number);
        _world.Marks.Add(Mark.WatchResumed, _record is null ? 0 : 1);
        _record = new WatchRecord(id, _keys, _responses)
        {
            StartRevision = _next,
            PrevKv = _prevKv,
            NoPut = _noPut,
            NoDelete = _noDelete,
            Resumes = _record?.Id,
        };
        Session? session = null;
        WatchStream stream = process.Watches.OpenStream(() => TakeSoon(session!));
        _session = session = new Session(process, stream);
        stream.Create(new WatchCreateRequest
        {
            Key = _keys.Start == Checkers.KeyRange.Unbounded ? [0] : Texts.Key(_keys.Start),
            RangeEnd = Texts.RangeEnd(_keys),
            StartRevision = _next,
            PrevKv = _prevKv,
            NoPut = _noPut,
            NoDelete = _noDelete,
            Fragment = _random.Chance(0.3),
        });
    }

    private void TakeSoon(Session session)
    {
        if (!_isTaking && session == _session)
        {
            _isTaking = true;
            long pause = _world.Plan.Clients.WatcherPause;
            long at = _world.Queue.Now + (pause == 0 ? 10 * Span.Microsecond : _random.Exponential(pause));
            session.Process.Post(at, () => Take(session));
        }
    }

    private void Take(Session session)
    {
        _isTaking = false;
        if (session != _session || !session.Stream.TryTake(_batch))
        {
            return;
        }

        WatchResponse response = new(0, _batch.Revision, _world.Sabotage.Events([.. _batch.Events.Select(change => Texts.Event(change, _batch.WithPrevious))]))
        {
            Created = _batch.Created,
            Canceled = _batch.Canceled,
            CompactRevision = _batch.CompactRevision,
            Fragment = _batch.Fragment,
        };
        long arrival = Math.Max(session.LastArrival, _world.Queue.Now + _world.Network.ClientDelay());
        session.LastArrival = arrival;
        _world.Queue.At(arrival, () => Receive(session, response));
        TakeSoon(session);
    }

    private void Receive(Session session, WatchResponse response)
    {
        if (session != _session)
        {
            return;
        }

        response = response with { ReceivedAt = _world.Queue.Now };
        _responses.Add(response);
        _world.Note(
            TraceKind.WatchSpoke, Number, response.Revision, response.Events.Count, response.Events.Count > 0 ? response.Events[^1] : null);
        Follow(response);
        if (response.Canceled)
        {
            _world.Marks.Add(Mark.WatchCompacted);
            _next = Math.Max(_next, response.CompactRevision);
            Lose(session);
        }
    }

    private void Follow(WatchResponse response)
    {
        if (response.Created)
        {
            _next = Math.Max(_next, _next == 0 ? response.Revision + 1 : 0);
        }

        if (response.Events.Count > 0 && !response.Fragment)
        {
            _next = Math.Max(_next, response.Events[^1].Revision + 1);
        }

        if (response.IsProgress)
        {
            _world.Marks.Add(Mark.WatchProgressed);
            _next = Math.Max(_next, response.Revision + 1);
        }
    }

    private void Lose(Session session)
    {
        _world.Note(TraceKind.WatchLost, Number, Seen);
        _session = null;
        _isTaking = false;
        _next += _world.Sabotage.SkippedOnResume;
        session.Process.Post(_world.Queue.Now, session.Stream.Dispose);
        Finish();
        OpenSoon();
    }

    private void Finish()
    {
        if (_record is not null)
        {
            _world.Record(_record with { Responses = [.. _responses] });
            _responses.Clear();
        }
    }

    private sealed class Session(NodeProcess process, WatchStream stream)
    {
        public NodeProcess Process => process;

        public WatchStream Stream => stream;

        public long LastArrival { get; set; }
    }
}
