using System.Text;
using Pb = Etcdish.Protos;

namespace Etcdish.Store.Tests.Watch;

/// <summary>
/// Judges all that one stream received against the whole history: created first and in order; events ordered, unique, atomic, complete and
/// filtered, with right pairs before and after; bookmarks true; every end accounted for.
/// </summary>
internal sealed class WatchValidator(FakeHistory history, IEnumerable<WatchCreateRequest> creates)
{
    private readonly Queue<WatchCreateRequest> _creates = new(creates);
    private readonly Dictionary<long, Life> _lives = [];
    private readonly long _current = history.CurrentRevision;

    /// <param name="responses">All responses, in order.</param>
    /// <param name="isDrained">Whether everything was published, dispatched and taken, so that nothing may be missing at the end.</param>
    public void Check(IEnumerable<Pb.WatchResponse> responses, bool isDrained)
    {
        foreach (Pb.WatchResponse response in responses)
            Check(response);

        if (!isDrained)
            return;

        Assert.That(_creates, Is.Empty, "a create was not answered");
        foreach (Life life in _lives.Values.Where(l => !l.IsCompacted))
            Assert.That(life.Peek(history), Is.Null, $"watcher {life.Id} never got it");
    }

    private void Check(Pb.WatchResponse response)
    {
        Assert.That(response.Header.Revision, Is.LessThanOrEqualTo(_current));
        if (response.Created)
            CheckCreated(response);
        else if (response.CompactRevision != 0)
            CheckCompacted(response);
        else if (response.Canceled)
            Assert.That(_lives.Remove(response.WatchId), Is.True, "a cancel that nobody had asked for");
        else if (response.Events.Count == 0)
            CheckProgress(response);
        else
            CheckEvents(response);
    }

    private void CheckCreated(Pb.WatchResponse response)
    {
        WatchCreateRequest request = _creates.Dequeue();
        if (response.Canceled)
        {
            Assert.That(response.WatchId, Is.EqualTo(-1));
            return;
        }

        Assert.That(request.WatchId == 0 || request.WatchId == response.WatchId, Is.True);
        _lives.Add(response.WatchId, new Life(response.WatchId, request, response.Header.Revision));
    }

    private void CheckCompacted(Pb.WatchResponse response)
    {
        Life life = _lives[response.WatchId];
        Assert.That((response.Canceled, response.Header.Revision, response.CancelReason), Is.EqualTo((true, 0, "")));
        Assert.That(response.CompactRevision, Is.GreaterThan(life.LastRevision).And.LessThanOrEqualTo(history.CompactedRevision));
        life.IsCompacted = true;
    }

    private void CheckProgress(Pb.WatchResponse response)
    {
        bool ofStream = response.WatchId == -1;
        Assert.That(ofStream || _lives[response.WatchId].Request.ProgressNotify, Is.True, "progress that nobody had asked for");
        IEnumerable<Life> told = ofStream ? _lives.Values.Where(l => !l.IsCompacted) : [_lives[response.WatchId]];
        foreach (Life life in told)
        {
            Assert.That(response.Header.Revision, Is.GreaterThanOrEqualTo(life.Request.StartRevision));
            Assert.That(life.Peek(history)?.Revision ?? long.MaxValue, Is.GreaterThan(response.Header.Revision), "a bookmark that lies");
        }
    }

    private void CheckEvents(Pb.WatchResponse response)
    {
        Life life = _lives[response.WatchId];
        Assert.That(life.IsCompacted, Is.False);
        foreach (Pb.Event received in response.Events)
        {
            ModelEvent? expected = life.Peek(history);
            Assert.That(Describe(received), Is.EqualTo(expected?.ToString()), $"watcher {life.Id}");
            CheckPair(received, expected!);
            CheckPrevious(received, expected!, life.Request.PrevKv);
            life.Next++;
        }

        long last = response.Events[^1].Kv.ModRevision;
        life.LastRevision = last;
        Assert.That(response.Header.Revision, Is.GreaterThanOrEqualTo(last));
        Assert.That(response.Fragment && !life.Request.Fragment, Is.False, "a fragment that nobody had asked for");
        if (!response.Fragment)
            Assert.That(life.Peek(history)?.Revision, Is.Not.EqualTo(last), "a revision in two responses");
    }

    private static void CheckPair(Pb.Event received, ModelEvent expected)
    {
        Assert.That((received.Kv.CreateRevision, received.Kv.Version, received.Kv.Lease),
            Is.EqualTo((expected.CreateRevision, expected.Version, expected.Lease)));
    }

    private void CheckPrevious(Pb.Event received, ModelEvent expected, bool isWanted)
    {
        ModelEvent? previous = isWanted ? expected.Previous : null;
        if (received.PrevKv is null)
            Assert.That(previous is null || history.CompactedRevision >= expected.Revision, Is.True, $"no pair before {expected}");
        else
            Assert.That(Describe(new Pb.Event { Kv = received.PrevKv }), Is.EqualTo(previous?.ToString()), $"before {expected}");
    }

    private static string Describe(Pb.Event e) =>
        $"{e.Kv.ModRevision}:{e.Kv.Key.ToStringUtf8()}="
        + (e.Type == Pb.Event.Types.EventType.Delete ? "(deleted)" : e.Kv.Value.ToStringUtf8());

    private sealed class Life(long id, WatchCreateRequest request, long createdAt)
    {
        private readonly string _key = request.Key.Length == 0 ? "\0" : Encoding.UTF8.GetString(request.Key);
        private readonly string _end = Encoding.UTF8.GetString(request.RangeEnd);
        private readonly long _start = request.StartRevision != 0 ? request.StartRevision : createdAt + 1;

        public long Id => id;

        public WatchCreateRequest Request => request;

        public int Next { get; set; }

        public long LastRevision { get; set; }

        public bool IsCompacted { get; set; }

        /// <summary>The event that must come next, or null when there is none yet.</summary>
        public ModelEvent? Peek(FakeHistory history)
        {
            while (Next < history.All.Count && !Wants(history.All[Next]))
                Next++;
            return Next < history.All.Count ? history.All[Next] : null;
        }

        private bool Wants(ModelEvent e) =>
            e.Revision >= _start && !(e.Value is null ? request.NoDelete : request.NoPut) && Covers(e.Key);

        private bool Covers(string key) => _end.Length == 0
            ? key == _key
            : string.CompareOrdinal(key, _key) >= 0 && (_end == "\0" || string.CompareOrdinal(key, _end) < 0);
    }
}
