namespace Etcdish.Consensus;

/// <summary>What the core asks the host's log about: sizes. Terms it knows itself; bytes it never sees.</summary>
public interface IEntryLog
{
    /// <summary>How far from an entry on a budget of bytes reaches.</summary>
    /// <param name="first">The first entry, present in the log.</param>
    /// <param name="last">The last entry of interest, present in the log, not below <paramref name="first"/>.</param>
    /// <param name="maxBytes">The budget.</param>
    /// <param name="bytes">What the entries from <paramref name="first"/> to the result take on the wire.</param>
    /// <returns>The last entry within the budget; at least <paramref name="first"/>, whatever its size.</returns>
    ulong LastIndexWithin(ulong first, ulong last, long maxBytes, out long bytes);
}
