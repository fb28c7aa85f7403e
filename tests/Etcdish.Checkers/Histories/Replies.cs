using System.Text.Json.Serialization;

namespace Etcdish.Checkers;

/// <summary>What the server answered; <paramref name="Revision"/> is the header's. Replies inside a transaction carry 0.</summary>
[JsonDerivedType(typeof(PutReply), "put")]
[JsonDerivedType(typeof(RangeReply), "range")]
[JsonDerivedType(typeof(DeleteReply), "delete")]
[JsonDerivedType(typeof(TxnReply), "txn")]
[JsonDerivedType(typeof(CompactReply), "compact")]
[JsonDerivedType(typeof(GrantReply), "grant")]
[JsonDerivedType(typeof(RevokeReply), "revoke")]
[JsonDerivedType(typeof(KeepAliveReply), "keepalive")]
public abstract record Reply(long Revision);

public sealed record PutReply(long Revision, KeyValue? PrevKv = null) : Reply(Revision);

public sealed record RangeReply(long Revision, IReadOnlyList<KeyValue> Kvs, long Count, bool More) : Reply(Revision);

public sealed record DeleteReply(long Revision, long Deleted, IReadOnlyList<KeyValue> PrevKvs) : Reply(Revision);

public sealed record TxnReply(long Revision, bool Succeeded, IReadOnlyList<Reply> Replies) : Reply(Revision);

public sealed record CompactReply(long Revision) : Reply(Revision);

public sealed record GrantReply(long Revision, long Seconds) : Reply(Revision);

public sealed record RevokeReply(long Revision) : Reply(Revision);

/// <summary>0 seconds means that the lease was not there.</summary>
public sealed record KeepAliveReply(long Revision, long Seconds) : Reply(Revision);
