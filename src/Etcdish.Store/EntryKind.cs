namespace Etcdish.Store;

/// <summary>
/// What a log entry asks the store to do; the entry's payload is the request message of that method, byte for byte as the client sent it.
/// Numbers are part of the log format and never change meaning;
/// 10 and 11 are taken by the group's own entries, which are <see cref="Empty"/> to the store.
/// </summary>
public enum EntryKind : byte
{
    /// <summary>Nothing: a leader's first entry, or a barrier.</summary>
    Empty = 0,

    /// <summary>etcdserverpb.PutRequest.</summary>
    Put = 1,

    /// <summary>etcdserverpb.DeleteRangeRequest.</summary>
    DeleteRange = 2,

    /// <summary>etcdserverpb.TxnRequest.</summary>
    Txn = 3,

    /// <summary>etcdserverpb.CompactionRequest.</summary>
    Compact = 4,

    /// <summary>etcdserverpb.LeaseGrantRequest with the ID and the TTL already settled by the proposer.</summary>
    LeaseGrant = 5,

    /// <summary>etcdserverpb.LeaseRevokeRequest.</summary>
    LeaseRevoke = 6,

    /// <summary>Remaining TTLs of leases, so that a restart does not begin them anew: pairs of varint lease ID and varint seconds.</summary>
    LeaseCheckpoint = 7,

    /// <summary>etcdserverpb.AlarmRequest (activate or deactivate).</summary>
    Alarm = 8,

    /// <summary>
    /// A piece of another store's state, such as a restored snapshot; see <see cref="ImportPart"/>. Only a store
    /// without a history takes imports, and no other kind may come before their end.
    /// </summary>
    Import = 9,
}
