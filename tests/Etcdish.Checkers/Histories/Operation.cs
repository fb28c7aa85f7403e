namespace Etcdish.Checkers;

/// <summary>
/// One call of one client. Times are nanoseconds of one monotonic clock; two equal times count as concurrent. A client has one
/// operation at a time, except that one of unknown outcome may still take effect after its return.
/// </summary>
public sealed record Operation(int Id, int Client, Call Call, long CalledAt, long ReturnedAt)
{
    public Outcome Outcome { get; init; } = Outcome.Ok;

    /// <summary>Set exactly when the outcome is <see cref="Outcome.Ok"/>.</summary>
    public Reply? Reply { get; init; }

    /// <summary>Why it was refused, if it was.</summary>
    public RefusalReason Refusal { get; init; }

    /// <summary>Where it was sent, if the recorder had a choice.</summary>
    public string? Endpoint { get; init; }

    public override string ToString()
    {
        string end = Outcome switch
        {
            Outcome.Ok => $"ok at revision {Reply?.Revision}",
            Outcome.NotApplied => $"refused ({Refusal})",
            _ => "unknown outcome",
        };
        string at = Endpoint is null ? "" : $" at {Endpoint}";
        return $"#{Id} client {Client}{at} [{CalledAt}..{(Outcome == Outcome.Unknown ? "∞" : ReturnedAt)}] {Call}: {end}";
    }
}

public enum Outcome
{
    /// <summary>Acknowledged: it happened between call and return.</summary>
    Ok,

    /// <summary>Refused: it never happened and never will.</summary>
    NotApplied,

    /// <summary>Timed out or disconnected: it may have happened at any time after the call, or never.</summary>
    Unknown,
}

public enum RefusalReason
{
    /// <summary>Anything that says nothing about the store's state, such as a refused connection.</summary>
    Other,
    Compacted,
    FutureRevision,
    LeaseNotFound,
}
