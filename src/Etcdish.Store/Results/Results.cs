namespace Etcdish.Store;

/// <summary>Answer to a range: references to the versions that matched, whose values the caller reads or leaves.</summary>
public sealed class RangeResult
{
    /// <summary>Revision of the header: the store's revision when the range was answered (not the revision asked for).</summary>
    public long HeaderRevision { get; set; }

    /// <summary>Matching versions in the order asked for; empty for a count.</summary>
    public List<KeyRevision> Revisions { get; } = [];

    /// <summary>Number of keys in the range at that revision, whatever the limit and the revision filters.</summary>
    public long Count { get; set; }

    /// <summary>Whether the limit cut something.</summary>
    public bool More { get; set; }

    /// <summary>Whether values are left out of the answer.</summary>
    public bool KeysOnly { get; set; }

    /// <summary>Whether leases are left out too: as since etcd 3.7 with keys only, unless sorted by value.</summary>
    public bool OmitsLeases { get; set; }

    internal KeyValueParts KeyValueParts =>
        (KeysOnly ? KeyValueParts.OmitValue : KeyValueParts.All) | (OmitsLeases ? KeyValueParts.OmitLease : KeyValueParts.All);

    /// <summary>Empties the result for another use.</summary>
    public void Clear()
    {
        Revisions.Clear();
        (HeaderRevision, Count, More, KeysOnly, OmitsLeases) = (0, 0, false, false, false);
    }
}

/// <summary>Answer to a deletion.</summary>
public sealed class DeleteRangeResult
{
    /// <summary>Number of keys deleted.</summary>
    public long Deleted { get; set; }

    /// <summary>The deleted versions, when they were asked for.</summary>
    public List<KeyRevision> Previous { get; } = [];
}

/// <summary>Answer to one operation of a transaction; which field is set follows <see cref="Kind"/>.</summary>
public sealed class OpResult
{
    /// <summary>Which operation this answers.</summary>
    public RequestOpKind Kind { get; set; }

    /// <summary>Header revision of this operation's own answer; a nested transaction's own header is empty, as etcd's.</summary>
    public long HeaderRevision { get; set; }

    /// <summary>Answer of a range.</summary>
    public RangeResult? Range { get; set; }

    /// <summary>The version a put replaced, when it was asked for and existed.</summary>
    public KeyRevision? PutPrevious { get; set; }

    /// <summary>Answer of a deletion.</summary>
    public DeleteRangeResult? DeleteRange { get; set; }

    /// <summary>Answer of a nested transaction.</summary>
    public TxnResult? Txn { get; set; }
}

/// <summary>Answer to a transaction.</summary>
public sealed class TxnResult
{
    /// <summary>Whether all compares held.</summary>
    public bool Succeeded { get; set; }

    /// <summary>Answers of the branch's operations, in order.</summary>
    public List<OpResult> Responses { get; } = [];
}

/// <summary>
/// What applying one entry came to. Either <see cref="Error"/> is set and nothing changed, or the field of the entry's kind is.
/// </summary>
public struct ApplyResult
{
    /// <summary>Why the entry was refused, or null.</summary>
    public EtcdError? Error { get; set; }

    /// <summary>Store revision after the entry: the header revision of the answer.</summary>
    public long Revision { get; set; }

    /// <summary>For a put: the version it replaced, when it was asked for and existed.</summary>
    public KeyRevision? PutPrevious { get; set; }

    /// <summary>For a deletion: its answer.</summary>
    public DeleteRangeResult? DeleteRange { get; set; }

    /// <summary>For a transaction: its answer.</summary>
    public TxnResult? Txn { get; set; }

    /// <summary>For an alarm request: its answer.</summary>
    public IReadOnlyList<AlarmMember>? Alarms { get; set; }

    /// <summary>For a lease grant: the ID granted.</summary>
    public long LeaseId { get; set; }

    /// <summary>For a lease grant: the TTL granted, in seconds.</summary>
    public long LeaseTtl { get; set; }
}
