namespace Etcdish.Consensus;

/// <summary>
/// The host's log in memory, as far as the core needs it: room for the entries that the core makes itself, and sizes. Terms the core
/// knows; bytes it never sees.
/// </summary>
public interface IEntryLog
{
    /// <summary>
    /// A leader's core made an entry (empty, or a configuration): the host keeps it with its encoded bytes behind the last one. It is also
    /// in <see cref="Effects.Entries"/>, but sizes may be asked before those are seen.
    /// </summary>
    /// <param name="entry">The entry; its index is one more than the last.</param>
    void OnEntryMade(in EntryHeader entry);

    /// <summary>How far from an entry on a budget of bytes reaches.</summary>
    /// <param name="first">The first entry, present in the log.</param>
    /// <param name="last">The last entry of interest, present in the log, not below <paramref name="first"/>.</param>
    /// <param name="maxBytes">The budget.</param>
    /// <param name="bytes">What the entries from <paramref name="first"/> to the result take on the wire.</param>
    /// <returns>The last entry within the budget; at least <paramref name="first"/>, whatever its size.</returns>
    ulong LastIndexWithin(ulong first, ulong last, long maxBytes, out long bytes);
}
