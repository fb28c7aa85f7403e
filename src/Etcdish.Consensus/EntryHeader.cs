namespace Etcdish.Consensus;

/// <summary>What the core must know about an entry's kind.</summary>
public enum EntryType : byte
{
    /// <summary>Bytes of the state machine; the core never looks at them.</summary>
    Command = 0,

    /// <summary>Nothing: the entry with which a leader opens its term.</summary>
    Empty = 1,

    /// <summary>A membership, in force from the moment it is in the log.</summary>
    Configuration = 2,
}

/// <summary>An entry without its bytes.</summary>
/// <param name="Index">Its place in the log, from 1.</param>
/// <param name="Term">The term of the leader that made it.</param>
/// <param name="Type">Its kind.</param>
/// <param name="Configuration">The membership that it carries: present exactly when the type says so.</param>
public readonly record struct EntryHeader(ulong Index, ulong Term, EntryType Type, Configuration? Configuration = null);

/// <summary>A run of entries of one term and kind, as the host is to write them.</summary>
/// <param name="First">The first index.</param>
/// <param name="Last">The last index, not below <paramref name="First"/>.</param>
/// <param name="Term">The term of all of them.</param>
/// <param name="Type">The kind of all of them; only commands come in runs longer than one.</param>
/// <param name="Configuration">The membership, for a configuration entry.</param>
public readonly record struct EntryRange(ulong First, ulong Last, ulong Term, EntryType Type, Configuration? Configuration = null);
