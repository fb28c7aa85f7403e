using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>Keeps what arrives, and lets a test hold it up, answer, fail, and wait for a condition over all of it.</summary>
internal sealed class RecordingInbox : IPeerInbox, IDisposable
{
    private readonly List<(ulong From, byte[] Frame)> _frames = [];
    private readonly List<int?> _story = [];
    private readonly List<PeerNotice> _notices = [];
    private readonly List<Exception> _defects = [];
    private readonly List<ulong> _unreachable = [];
    private readonly List<TimeSpan> _roundTrips = [];
    private readonly List<(Func<RecordingInbox, bool> Condition, TaskCompletionSource Met)> _waiters = [];

    public IReadOnlyList<(ulong From, byte[] Frame)> Frames => _frames;

    /// <summary>The numbers of the frames as they came, and null where a member was unreachable.</summary>
    public IReadOnlyList<int?> Story => _story;

    public IReadOnlyList<PeerNotice> Notices => _notices;

    public IReadOnlyList<Exception> Defects => _defects;

    public IReadOnlyList<ulong> UnreachableMembers => _unreachable;

    public IReadOnlyList<TimeSpan> RoundTrips => _roundTrips;

    /// <summary>While reset, frames wait in the call.</summary>
    public ManualResetEventSlim Gate { get; } = new(initialState: true);

    /// <summary>Throws instead of keeping a frame, when it returns something.</summary>
    public Func<byte[], Exception?> Refuse { get; set; } = _ => null;

    public Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> Answer { get; set; } =
        (request, _) => ValueTask.FromResult(request);

    public void Receive(ulong from, ReadOnlySpan<byte> frame)
    {
        byte[] copy = frame.ToArray();
        Gate.Wait();
        if (Refuse(copy) is { } refusal)
        {
            throw refusal;
        }

        Note(() =>
        {
            _frames.Add((from, copy));
            _story.Add(copy.Length >= 4 ? TestPeer.NumberOf(copy) : 0);
        });
    }

    public void Unreachable(ulong member) => Note(() =>
    {
        _unreachable.Add(member);
        _story.Add(null);
    });

    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ulong from, ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
        Answer(request, cancellation);

    public void Tell(PeerNotice notice) => Note(() => _notices.Add(notice));

    public void Defect(Exception defect) => Note(() => _defects.Add(defect));

    public void RoundTrip(ulong member, TimeSpan time) => Note(() => _roundTrips.Add(time));

    /// <summary>Waits until a condition holds; it is looked at after everything that happens here.</summary>
    public async Task Until(Func<RecordingInbox, bool> condition)
    {
        TaskCompletionSource met = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiters)
        {
            if (condition(this))
            {
                return;
            }

            _waiters.Add((condition, met));
        }

        try
        {
            await met.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }
        catch (TimeoutException)
        {
            lock (_waiters)
            {
                Assert.Fail($"{_frames.Count} frames, {_unreachable.Count} times unreachable, {_roundTrips.Count} round trips, notices:\n"
                    + string.Join('\n', _notices) + string.Join('\n', _defects));
            }
        }
    }

    public void Dispose()
    {
        Gate.Set();
        Gate.Dispose();
    }

    private void Note(Action record)
    {
        lock (_waiters)
        {
            record();
            foreach (var waiter in _waiters.Where(waiter => waiter.Condition(this)).ToArray())
            {
                _waiters.Remove(waiter);
                waiter.Met.SetResult();
            }
        }
    }
}
