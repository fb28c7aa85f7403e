using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Kinds of replicated entries that concern the group and not the store; <see cref="EntryKind"/> has the others. Numbers are part of the
/// log format.
/// </summary>
internal static class EntryKinds
{
    /// <summary>A membership; see <see cref="Membership"/>.</summary>
    public const byte Configuration = 10;

    /// <summary>Name and client URLs of a member, told by itself; see <see cref="MemberInfo"/>.</summary>
    public const byte MemberAttributes = 11;

    /// <summary>New peer URLs of a member; see <see cref="MemberInfo"/>.</summary>
    public const byte MemberUpdate = 12;

    /// <summary>
    /// A wish for another membership, see <see cref="MemberRequest"/>: goes to the leader as writes go, and is never in a log. What the
    /// leader makes of it is.
    /// </summary>
    public const byte MemberRequest = 13;

    /// <summary>The record kind of an entry that the core makes.</summary>
    public static byte Of(EntryType type) => type == EntryType.Configuration ? Configuration : (byte)EntryKind.Empty;

    /// <summary>The header of a record, for the core.</summary>
    /// <exception cref="MalformedFrameException">A configuration that cannot be decoded.</exception>
    public static EntryHeader Header(ulong index, ulong term, byte kind, ReadOnlySpan<byte> payload) => kind == Configuration
        ? new EntryHeader(index, term, EntryType.Configuration, MembershipCodec.Decode(payload).Configuration)
        : new EntryHeader(index, term, kind == (byte)EntryKind.Empty ? EntryType.Empty : EntryType.Command);

    /// <summary>What the store makes of a kind: the group's entries are empty to it.</summary>
    public static EntryKind ForStore(byte kind) => ConcernsMembers(kind) ? EntryKind.Empty : (EntryKind)kind;

    /// <summary>Whether the <see cref="MemberTable"/> applies an entry, and not the store.</summary>
    public static bool ConcernsMembers(byte kind) => kind is Configuration or MemberAttributes or MemberUpdate;
}
