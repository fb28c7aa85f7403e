namespace Etcdish.Checkers.Tests;

/// <summary>
/// A way to break a good history. <paramref name="Apply"/> returns null where the history offers no opportunity; else the checker
/// must report one of <paramref name="Verdicts"/>.
/// </summary>
internal sealed record Breakage(string Name, Func<History, Random, History?> Apply, params ViolationKind[] Verdicts)
{
    public override string ToString() => Name;

    /// <summary>Replaces one operation of those that <paramref name="choose"/> accepts.</summary>
    public static History? ChangeOperation(
        History history, Random random, Func<Operation, bool> choose, Func<Operation, Operation?> change)
    {
        Operation[] candidates = [.. history.Operations.Where(choose)];
        if (candidates.Length == 0)
            return null;
        Operation victim = candidates[random.Next(candidates.Length)];
        return change(victim) is { } changed ? Replace(history, victim, changed) : null;
    }

    /// <summary>Replaces the responses of one watch; the change gets a copy and returns false where it finds no opportunity.</summary>
    public static History? ChangeWatch(History history, Random random, Func<WatchRecord, List<WatchResponse>, bool> change)
    {
        WatchRecord[] shuffled = [.. history.Watches];
        random.Shuffle(shuffled);
        foreach (WatchRecord watch in shuffled)
        {
            List<WatchResponse> responses = [.. watch.Responses];
            if (change(watch, responses))
                return Replace(history, watch, watch with { Responses = responses });
        }

        return null;
    }

    /// <summary>Replaces one event of one response.</summary>
    public static History? ChangeEvent(
        History history, Random random, Func<WatchRecord, WatchEvent, bool> choose, Func<WatchEvent, WatchEvent> change) =>
        ChangeWatch(history, random, (watch, responses) =>
        {
            int index = responses.FindIndex(response => response.Events.Any(e => choose(watch, e)));
            if (index < 0)
                return false;
            List<WatchEvent> events = [.. responses[index].Events];
            int place = events.FindIndex(e => choose(watch, e));
            events[place] = change(events[place]);
            responses[index] = responses[index] with { Events = events };
            return true;
        });

    public static History Replace(History history, Operation old, Operation changed) =>
        history with { Operations = [.. history.Operations.Select(op => ReferenceEquals(op, old) ? changed : op)] };

    public static History Replace(History history, WatchRecord old, WatchRecord changed) =>
        history with { Watches = [.. history.Watches.Select(watch => ReferenceEquals(watch, old) ? changed : watch)] };
}
