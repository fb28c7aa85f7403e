namespace Etcdish.Checkers;

/// <summary>The guarantees of all watches of a history, and of chains of watches that resume each other.</summary>
internal sealed class WatchRules(
    History history, StateHistory states, Timeline timeline, Writers writers, List<Violation> violations)
{
    private readonly Dictionary<int, WatchReader> _readers = [];

    public void Check()
    {
        foreach (WatchRecord watch in history.Watches)
        {
            var reader = new WatchReader(watch, states, timeline, violations);
            _readers[watch.Id] = reader;
            foreach (WatchResponse response in Reassemble(watch))
                reader.Read(response);
            reader.End(Math.Min(watch.AwaitedRevision, writers.LastRevision));
            CheckResume(watch);
        }
    }

    // An unfinished group at the end was cut off with its stream: the client never saw it as a response.
    private List<WatchResponse> Reassemble(WatchRecord watch)
    {
        var whole = new List<WatchResponse>();
        WatchResponse? open = null;
        foreach (WatchResponse response in watch.Responses)
        {
            if (open is not null && (response.Revision != open.Revision || response.Created || response.Events.Count == 0))
            {
                violations.Add(new(
                    ViolationKind.WatchBrokenFragments,
                    $"{watch}: a fragment of revision {open.Revision} is followed by something else at {response.ReceivedAt}"));
                open = null;
            }

            WatchResponse joined = open is null ? response : response with { Events = [.. open.Events, .. response.Events] };
            open = response.Fragment ? joined : null;
            if (open is null)
                whole.Add(joined);
        }

        return whole;
    }

    private void CheckResume(WatchRecord watch)
    {
        if (watch.Resumes is not { } earlierId || watch.StartRevision == 0)
            return;
        if (!_readers.TryGetValue(earlierId, out WatchReader? earlier))
        {
            violations.Add(new(ViolationKind.MalformedHistory, $"{watch} comes before the watch that it resumes"));
            return;
        }

        if (earlier.Position is not { } position || earlier.WasCompacted)
            return;
        WatchEvent? lost = earlier.FirstWanted(position, watch.StartRevision);
        if (lost is not null)
            violations.Add(new(ViolationKind.WatchResumeGap, $"{watch} leaves out {lost}, which watch {earlierId} did not deliver"));
        WatchEvent? again = earlier.FirstWanted(watch.StartRevision, position);
        if (again is not null)
            violations.Add(new(ViolationKind.WatchDuplicate, $"{watch} starts below {again}, which watch {earlierId} delivered already"));
    }
}
