namespace Etcdish.Checkers;

/// <summary>
/// What happened in one run against a store that was empty at revision 1: all operations, all watches, and the witness, which is
/// every change from revision 2 on in order, taken from a complete watch or from a member's log after the run.
/// </summary>
public sealed record History(
    IReadOnlyList<Operation> Operations, IReadOnlyList<WatchRecord> Watches, IReadOnlyList<WatchEvent> Witness)
{
    /// <summary>The revision of a store that was never written to.</summary>
    public const long EmptyRevision = 1;

    /// <summary>By what share, at most, the servers' clocks ran faster than that of the recorder.</summary>
    public double ClockDrift { get; init; }
}
