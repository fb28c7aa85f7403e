using System.Buffers;
using Etcdish.Cluster;
using Etcdish.Server.Logging;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>
/// Keeps the live bytes below the quota: the write that would pass it is refused and raises the NOSPACE alarm, under which the store takes
/// nothing that grows until an operator disarms it. Deletions and compactions always pass. Live bytes count, not what the files hold, so
/// what is deleted makes room at once.
/// </summary>
internal sealed class QuotaGuard(Node node, long quotaBytes, ServerLog log)
{
    // etcd's allowance for what a key or a lease costs besides its bytes.
    private const int KeyOverheadBytes = 256;
    private const int LeaseBytes = 64;

    /// <summary>Lets a put through if there is room.</summary>
    public ValueTask AdmitPutAsync(ReadOnlyMemory<byte> request) => AdmitAsync(request.Length + KeyOverheadBytes);

    /// <summary>Lets a lease be granted if there is room.</summary>
    public ValueTask AdmitLeaseAsync() => AdmitAsync(LeaseBytes);

    /// <summary>Lets a transaction through if it puts nothing or there is room.</summary>
    public ValueTask AdmitTxnAsync(TxnRequest txn, ReadOnlyMemory<byte> request) =>
        HasPut(txn) ? AdmitAsync(request.Length + KeyOverheadBytes) : ValueTask.CompletedTask;

    private static bool HasPut(TxnRequest txn) => HasPut(txn.Success) || HasPut(txn.Failure);

    private static bool HasPut(IReadOnlyList<RequestOp> branch)
    {
        for (int i = 0; i < branch.Count; i++)
        {
            if (branch[i].Kind == RequestOpKind.Put || (branch[i].Kind == RequestOpKind.Txn && HasPut(branch[i].Txn!)))
            {
                return true;
            }
        }

        return false;
    }

    private ValueTask AdmitAsync(long bytes) => node.LiveBytes + bytes <= quotaBytes ? ValueTask.CompletedTask : RefuseAsync();

    private async ValueTask RefuseAsync()
    {
        var alarm = new AlarmMember(node.MemberId, AlarmType.NoSpace);
        if (!node.Store.Alarms(AlarmType.NoSpace).Contains(alarm))
        {
            log.Warn(
                "the live data has reached the quota; raising the alarm NOSPACE",
                [new("in-use-bytes", node.LiveBytes), new("quota-bytes", quotaBytes)]);
            var request = new ArrayBufferWriter<byte>();
            RequestEncoder.Encode(
                new AlarmRequest { Action = AlarmAction.Activate, MemberId = alarm.MemberId, Type = alarm.Type }, request);
            await node.ProposeAsync(EntryKind.Alarm, request.WrittenMemory).ConfigureAwait(false);
        }

        throw EtcdError.NoSpace.ToRpc();
    }
}
