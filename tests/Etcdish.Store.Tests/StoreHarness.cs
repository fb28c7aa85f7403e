using System.Buffers;

namespace Etcdish.Store.Tests;

/// <summary>A store over a log in memory, with text for keys and values.</summary>
internal sealed class StoreHarness : IDisposable
{
    public StoreHarness(int keysPerLockHold = 500)
    {
        Options = new StoreOptions { KeysPerLockHold = keysPerLockHold };
        Store = new RevisionStore(Log, Options);
    }

    public StoreOptions Options { get; }

    public TestLog Log { get; } = new();

    public RevisionStore Store { get; set; }

    public static RangeRequest RangeOf(string key, string rangeEnd = "") =>
        new() { Key = TestLog.Bytes(key), RangeEnd = TestLog.Bytes(rangeEnd) };

    public static PutRequest PutOf(string key, string value = "", long lease = 0) =>
        new() { Key = TestLog.Bytes(key), Value = TestLog.Bytes(value), Lease = lease };

    public static DeleteRangeRequest DeleteOf(string key, string rangeEnd = "") =>
        new() { Key = TestLog.Bytes(key), RangeEnd = TestLog.Bytes(rangeEnd) };

    public static RequestOp Op(RangeRequest range) => new() { Kind = RequestOpKind.Range, Range = range };

    public static RequestOp Op(PutRequest put) => new() { Kind = RequestOpKind.Put, Put = put };

    public static RequestOp Op(DeleteRangeRequest delete) => new() { Kind = RequestOpKind.DeleteRange, DeleteRange = delete };

    public static RequestOp Op(TxnRequest txn) => new() { Kind = RequestOpKind.Txn, Txn = txn };

    public ApplyResult Apply(EntryKind kind, Action<IBufferWriter<byte>> encode) => Store.Apply(Log.Append(kind, encode));

    public ApplyResult Put(string key, string value = "", long lease = 0) => Apply(PutOf(key, value, lease));

    public ApplyResult Apply(PutRequest put) => Apply(EntryKind.Put, output => RequestEncoder.Encode(put, output));

    public ApplyResult Apply(DeleteRangeRequest delete) => Apply(EntryKind.DeleteRange, output => RequestEncoder.Encode(delete, output));

    public ApplyResult Delete(string key, string rangeEnd = "") => Apply(DeleteOf(key, rangeEnd));

    public ApplyResult Apply(TxnRequest txn) => Apply(EntryKind.Txn, output => RequestEncoder.Encode(txn, output));

    public ApplyResult Txn(params RequestOp[] ops) => Apply(new TxnRequest { Success = ops });

    public ApplyResult Compact(long revision) =>
        Apply(EntryKind.Compact, output => RequestEncoder.Encode(new CompactionRequest { Revision = revision }, output));

    public ApplyResult Grant(long id, long ttl = 60) =>
        Apply(EntryKind.LeaseGrant, output => RequestEncoder.Encode(new LeaseGrantRequest { Id = id, TtlSeconds = ttl }, output));

    public ApplyResult Revoke(long id) => Apply(EntryKind.LeaseRevoke, output => RequestEncoder.EncodeLeaseRevoke(id, output));

    public ApplyResult Alarm(AlarmAction action, AlarmType type, ulong member = 1) => Apply(
        EntryKind.Alarm,
        output => RequestEncoder.Encode(new AlarmRequest { Action = action, Type = type, MemberId = member }, output));

    /// <summary>Pairs in the order of the answer, as "key=value".</summary>
    public string[] Pairs(RangeRequest request) => Pairs(Store.Range(request).Revisions);

    public string[] Pairs(IEnumerable<KeyRevision> revisions) =>
        [.. revisions.Select(revision => $"{TestLog.Text(revision.Key)}={TestLog.Text(Log.Read(revision.Value))}")];

    public KeyRevision Get(string key, long revision = 0) => Store.Range(RangeOf(key) with { Revision = revision }).Revisions.Single();

    public EtcdError? ErrorOf(RangeRequest request)
    {
        try
        {
            Store.Range(request);
            return null;
        }
        catch (EtcdException exception)
        {
            return exception.Error;
        }
    }

    public void Dispose() => Store.Dispose();
}
