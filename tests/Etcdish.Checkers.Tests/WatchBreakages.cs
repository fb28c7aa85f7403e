using static Etcdish.Checkers.ViolationKind;

namespace Etcdish.Checkers.Tests;

/// <summary>Histories broken in what watchers received.</summary>
internal static class WatchBreakages
{
    public static IEnumerable<Breakage> All =>
    [
        new("an event is dropped", DropEvent, WatchGap, WatchResumeGap),
        new("the last event is dropped", DropLastEvent, WatchIncomplete),
        new("an event comes twice", DuplicateEvent, WatchDuplicate),
        new("an event comes again in a later response", RepeatLater, WatchDuplicate),
        new("two events change places", SwapEvents, WatchOutOfOrder),
        new("a revision is split over two responses", SplitRevision, WatchSplitRevision),
        new("a bookmark precedes an event", EarlyBookmark, WatchBookmarkTooEarly),
        new("a resumed watch leaves a gap", GapOnResume, WatchResumeGap),
        new("a resumed watch repeats an event", RepeatOnResume, WatchDuplicate),
        new("a response follows the cancellation", SpeakAfterCancel, WatchSpokeAfterCancel),
        new("events precede created", ForgetCreated, WatchNotCreatedFirst),
        new("created comes twice", CreatedTwice, WatchNotCreatedFirst),
        new("an event of another key is delivered", ForeignKey, WatchUnwantedEvent),
        new("a filtered event is delivered", FilteredEvent, WatchUnwantedEvent),
        new("an event below the start is delivered", BelowStart, WatchUnwantedEvent),
        new("an event never happened", (h, r) => Change(h, r, kv => kv with { Value = "other" }), WatchWrongEvent),
        new(
            "a put wrongly looks like a creation",
            (h, r) => Change(h, r, kv => kv with { CreateRevision = kv.ModRevision, Version = 1 }),
            WatchWrongEvent),
        new("a put looks like a delete", PutAsDelete, WatchWrongEvent, WatchUnwantedEvent),
        new("prev_kv is wrong", WrongPrevKv, WatchWrongPrevKv),
        new("prev_kv is missing", MissingPrevKv, WatchWrongPrevKv),
        new("prev_kv was not asked for", UnwantedPrevKv, WatchWrongPrevKv),
        new("the compact revision is wrong", WrongCompactRevision, WatchWrongCompactRevision),
        new(
            "a fragment lacks its rest",
            LoseFragmentTail,
            WatchBrokenFragments, WatchSplitRevision, WatchGap, WatchIncomplete, WatchResumeGap),
        new("an event arrives before its write", EventFromTheFuture, FromTheFuture),
    ];

    private static bool HasEvents(WatchResponse response) => response.Events.Count > 0;

    private static History? DropEvent(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            int[] full = [.. Enumerable.Range(0, responses.Count).Where(i => HasEvents(responses[i]))];
            if (full.Length < 2)
                return false;
            int victim = full[random.Next(full.Length - 1)];
            responses[victim] = responses[victim] with { Events = [.. responses[victim].Events.Skip(1)] };
            // A response that became empty would be a bookmark.
            if (responses[victim].Events.Count == 0)
                responses.RemoveAt(victim);
            return true;
        });

    private static History? DropLastEvent(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (watch, responses) =>
        {
            int last = responses.FindLastIndex(HasEvents);
            if (watch.AwaitedRevision == 0 || last < 0 || responses[last..].Exists(response => response.IsProgress || response.Canceled))
                return false;
            responses.RemoveRange(last, responses.Count - last);
            if (responses.Count > 0 && responses[^1].Fragment)
                responses.RemoveAt(responses.Count - 1);
            return true;
        });

    private static History? DuplicateEvent(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            int index = responses.FindIndex(HasEvents);
            if (index < 0)
                return false;
            responses[index] = responses[index] with { Events = [responses[index].Events[0], .. responses[index].Events] };
            return true;
        });

    private static History? RepeatLater(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            int index = responses.FindIndex(response => HasEvents(response) && !response.Fragment);
            if (index < 0)
                return false;
            responses.Insert(index + 1, responses[index]);
            return true;
        });

    private static History? SwapEvents(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            int index = responses.FindIndex(response => response.Events.Count > 1);
            if (index < 0)
                return false;
            List<WatchEvent> events = [.. responses[index].Events];
            (events[0], events[1]) = (events[1], events[0]);
            responses[index] = responses[index] with { Events = events };
            return true;
        });

    private static History? SplitRevision(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            for (int i = 0; i < responses.Count; i++)
            {
                IReadOnlyList<WatchEvent> events = responses[i].Events;
                for (int cut = 1; cut < events.Count && !responses[i].Fragment; cut++)
                {
                    if (events[cut].Revision != events[cut - 1].Revision)
                        continue;
                    responses.Insert(i, responses[i] with { Events = [.. events.Take(cut)] });
                    responses[i + 1] = responses[i + 1] with { Events = [.. events.Skip(cut)] };
                    return true;
                }
            }

            return false;
        });

    private static History? EarlyBookmark(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            int index = responses.FindIndex(response => HasEvents(response) && !response.Fragment);
            if (index < 1 || responses[index - 1].Fragment)
                return false;
            responses.Insert(index, new WatchResponse(responses[index].ReceivedAt, responses[index].Events[0].Revision, []));
            return true;
        });

    private static History? ShiftResume(History history, Random random, Func<WatchRecord, WatchRecord, History?> change)
    {
        WatchRecord[] resumed = [.. history.Watches.Where(watch => watch.Resumes is not null)];
        random.Shuffle(resumed);
        return resumed
            .Select(watch => change(history.Watches.Single(earlier => earlier.Id == watch.Resumes), watch))
            .FirstOrDefault(changed => changed is not null);
    }

    private static History? GapOnResume(History history, Random random) => ShiftResume(history, random, (_, watch) =>
    {
        int first = watch.Responses.ToList().FindIndex(HasEvents);
        if (first < 0 || watch.Responses.Take(first).Any(response => response.IsProgress))
            return null;
        long lost = watch.Responses[first].Events[0].Revision;
        WatchResponse Rest(WatchResponse response) => response with { Events = [.. response.Events.Where(e => e.Revision > lost)] };
        WatchResponse[] rest = [.. watch.Responses.Select(Rest)];
        WatchResponse[] whole = [.. rest.Where((response, i) => HasEvents(response) || !HasEvents(watch.Responses[i]))];
        return Breakage.Replace(history, watch, watch with { StartRevision = lost + 1, Responses = whole });
    });

    private static History? RepeatOnResume(History history, Random random) => ShiftResume(history, random, (earlier, watch) =>
    {
        WatchEvent? last = earlier.Responses.LastOrDefault(HasEvents)?.Events[^1];
        bool isLastDelivered = last is not null && watch.StartRevision == last.Revision + 1;
        return isLastDelivered ? Breakage.Replace(history, watch, watch with { StartRevision = last!.Revision }) : null;
    });

    private static History? SpeakAfterCancel(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            if (!responses[^1].Canceled)
                return false;
            responses.Add(responses[^1]);
            return true;
        });

    private static History? ForgetCreated(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            if (responses.Count < 2)
                return false;
            responses.RemoveAt(0);
            return true;
        });

    private static History? CreatedTwice(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            responses.Insert(1, responses[0]);
            return true;
        });

    private static History? ForeignKey(History history, Random random) =>
        Insert(history, random, (watch, change) => !watch.Keys.Contains(change.Kv.Key));

    private static History? FilteredEvent(History history, Random random) =>
        Insert(history, random, (watch, change) => watch.Keys.Contains(change.Kv.Key) && (change.IsDelete ? watch.NoDelete : watch.NoPut));

    private static History? BelowStart(History history, Random random) =>
        Insert(history, random, (watch, change) => watch.StartRevision == 0 && watch.Responses[0].Revision >= change.Revision);

    private static History? Insert(History history, Random random, Func<WatchRecord, WatchEvent, bool> choose) =>
        Breakage.ChangeWatch(history, random, (watch, responses) =>
        {
            WatchEvent? change = history.Witness.FirstOrDefault(e => choose(watch, e));
            if (change is null)
                return false;
            responses.Insert(1, new WatchResponse(responses[0].ReceivedAt, change.Revision, [change]));
            return true;
        });

    private static History? Change(History history, Random random, Func<KeyValue, KeyValue> change) =>
        Breakage.ChangeEvent(history, random, (_, e) => !e.IsDelete && e.Kv.Version > 1, e => e with { Kv = change(e.Kv) });

    private static History? PutAsDelete(History history, Random random) =>
        Breakage.ChangeEvent(history, random, (_, e) => !e.IsDelete, e => WatchEvent.Delete(e.Kv.Key, e.Revision));

    private static History? WrongPrevKv(History history, Random random) =>
        Breakage.ChangeEvent(
            history, random, (_, e) => e.PrevKv is not null, e => e with { PrevKv = e.PrevKv! with { Version = e.PrevKv.Version + 1 } });

    private static History? MissingPrevKv(History history, Random random) =>
        history.Operations.Any(op => op.Call is CompactCall)
            ? null
            : Breakage.ChangeEvent(history, random, (_, e) => e.PrevKv is not null, e => e with { PrevKv = null });

    private static History? UnwantedPrevKv(History history, Random random) =>
        Breakage.ChangeEvent(history, random, (watch, _) => !watch.PrevKv, e => e with { PrevKv = e.Kv });

    private static History? WrongCompactRevision(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            if (responses[^1].CompactRevision == 0)
                return false;
            responses[^1] = responses[^1] with { CompactRevision = 1_000 };
            return true;
        });

    private static History? LoseFragmentTail(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            int index = responses.FindIndex(response => response.Fragment);
            if (index < 0 || index + 2 >= responses.Count)
                return false;
            responses.RemoveAt(index + 1);
            return true;
        });

    private static History? EventFromTheFuture(History history, Random random) =>
        Breakage.ChangeWatch(history, random, (_, responses) =>
        {
            int index = responses.FindIndex(HasEvents);
            if (index < 0)
                return false;
            long revision = responses[index].Events[^1].Revision;
            Operation? writer = history.Operations.FirstOrDefault(op => op.Call is PutCall && op.Reply?.Revision == revision);
            if (writer is null)
                return false;
            responses[index] = responses[index] with { ReceivedAt = writer.CalledAt - 1 };
            return true;
        });
}
