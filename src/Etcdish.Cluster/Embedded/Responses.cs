using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>A key with its value and its history's figures, as of the revision it was read at.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value; empty when only keys were asked for.</param>
/// <param name="CreateRevision">Revision of the put that created the key's present life.</param>
/// <param name="ModRevision">Revision of the last put.</param>
/// <param name="Version">Number of puts since creation, from 1.</param>
/// <param name="Lease">Id of the lease it is attached to, 0 for none.</param>
public sealed record KeyValue(Bytes Key, Bytes Value, long CreateRevision, long ModRevision, long Version, long Lease);

/// <summary>Answer to a put.</summary>
/// <param name="Revision">The store's revision after it.</param>
/// <param name="Previous">The pair it replaced, when asked for and present.</param>
public sealed record PutResponse(long Revision, KeyValue? Previous);

/// <summary>Answer to a range.</summary>
/// <param name="Revision">The store's revision when it was answered.</param>
/// <param name="Pairs">The pairs, in the order asked for.</param>
/// <param name="Count">Number of keys in the range, whatever the limit.</param>
/// <param name="More">Whether the limit cut something.</param>
public sealed record RangeResponse(long Revision, IReadOnlyList<KeyValue> Pairs, long Count, bool More);

/// <summary>Answer to a deletion.</summary>
/// <param name="Revision">The store's revision after it.</param>
/// <param name="Deleted">Number of keys deleted.</param>
/// <param name="Previous">The deleted pairs, when asked for.</param>
public sealed record DeleteResponse(long Revision, long Deleted, IReadOnlyList<KeyValue> Previous);

/// <summary>Answer to one operation of a transaction; the field of its kind is set.</summary>
/// <param name="Put">Of a put.</param>
/// <param name="Range">Of a range.</param>
/// <param name="Delete">Of a deletion.</param>
/// <param name="Txn">Of a nested transaction.</param>
public sealed record OpResponse(
    PutResponse? Put = null, RangeResponse? Range = null, DeleteResponse? Delete = null, TxnResponse? Txn = null);

/// <summary>Answer to a transaction.</summary>
/// <param name="Succeeded">Whether all conditions held.</param>
/// <param name="Revision">The store's revision after it.</param>
/// <param name="Responses">Answers of the branch's operations, in order.</param>
public sealed record TxnResponse(bool Succeeded, long Revision, IReadOnlyList<OpResponse> Responses);

/// <summary>What a watch reports of one key.</summary>
/// <param name="IsDelete">Whether the key was deleted, rather than put.</param>
/// <param name="Pair">The pair; of a deletion only key and mod revision are set.</param>
/// <param name="Previous">The pair before, when asked for and still retained.</param>
public sealed record WatchEvent(bool IsDelete, KeyValue Pair, KeyValue? Previous);

/// <summary>A watch fell behind a compaction, or asked for a revision from before one; read the present state and watch from there.</summary>
/// <param name="compactRevision">The revision of the compaction: the oldest that can still be watched from.</param>
public sealed class WatchCompactedException(long compactRevision) : Exception(EtcdError.Compacted.Message)
{
    /// <summary>The oldest revision that can still be watched from.</summary>
    public long CompactRevision { get; } = compactRevision;
}

/// <summary>State of a lease.</summary>
/// <param name="Id">Its id.</param>
/// <param name="GrantedTtl">TTL that it was granted and is renewed to.</param>
/// <param name="Remaining">Time left; it never expires earlier.</param>
/// <param name="Keys">Keys attached, in byte order.</param>
public sealed record LeaseStatus(long Id, TimeSpan GrantedTtl, TimeSpan Remaining, IReadOnlyList<Bytes> Keys);
