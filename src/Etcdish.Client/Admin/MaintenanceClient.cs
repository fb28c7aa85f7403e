using Etcdish.Client.Calls;
using Etcdish.Client.Transport;
using Etcdish.Protos;

namespace Etcdish.Client;

/// <summary>Care of single members. Calls that name an endpoint go to that member only and are never repeated.</summary>
public sealed class MaintenanceClient
{
    private readonly CallInvoker _calls;

    internal MaintenanceClient(CallInvoker calls)
    {
        _calls = calls;
    }

    /// <summary>Version, sizes, leader and raft indexes as one member sees them.</summary>
    /// <param name="endpoint">One of the client's endpoints, as given in its options.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public Task<StatusResponse> StatusAsync(string endpoint, CancellationToken cancellationToken = default) =>
        _calls.CallMemberAsync(endpoint, EtcdMethods.Status, new StatusRequest(), cancellationToken);

    /// <summary>Gives space back to the file system, where the server knows such a step.</summary>
    /// <param name="endpoint">One of the client's endpoints, as given in its options.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public Task<DefragmentResponse> DefragmentAsync(string endpoint, CancellationToken cancellationToken = default) =>
        _calls.CallMemberAsync(endpoint, EtcdMethods.Defragment, new DefragmentRequest(), cancellationToken);

    /// <summary>Hash of the key-value revisions of one member, to be compared with another member's at the same revision.</summary>
    /// <param name="endpoint">One of the client's endpoints, as given in its options.</param>
    /// <param name="revision">Newest revision to take in; 0 = all.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="Rpc.RpcException">OutOfRange: the revision is compacted or yet to come.</exception>
    public Task<HashKVResponse> HashKVAsync(string endpoint, long revision, CancellationToken cancellationToken = default) =>
        _calls.CallMemberAsync(endpoint, EtcdMethods.HashKV, new HashKVRequest { Revision = revision }, cancellationToken);

    /// <summary>Hands leadership over. The endpoint must be the leader's.</summary>
    /// <param name="endpoint">One of the client's endpoints, as given in its options.</param>
    /// <param name="targetMember">Id of the member that is to lead.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="Rpc.RpcException">FailedPrecondition: not the leader, or no such follower.</exception>
    public Task<MoveLeaderResponse> MoveLeaderAsync(string endpoint, ulong targetMember, CancellationToken cancellationToken = default) =>
        _calls.CallMemberAsync(endpoint, EtcdMethods.MoveLeader, new MoveLeaderRequest { TargetID = targetMember }, cancellationToken);

    /// <summary>The alarms that are raised, of all members.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public Task<AlarmResponse> ListAlarmsAsync(CancellationToken cancellationToken = default) =>
        _calls.ReadAsync(EtcdMethods.Alarm, new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Get }, cancellationToken);

    /// <summary>Lowers an alarm, as listed; member 0 and alarm None = all.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public Task<AlarmResponse> DisarmAsync(AlarmMember alarm, CancellationToken cancellationToken = default)
    {
        AlarmRequest request = new()
        {
            Action = AlarmRequest.Types.AlarmAction.Deactivate,
            MemberID = alarm.MemberID,
            Alarm = alarm.Alarm,
        };
        return _calls.WriteAsync(EtcdMethods.Alarm, request, cancellationToken);
    }

    /// <summary>Streams a snapshot of one member's data: the blobs in order, the last of them a SHA-256 of the others.</summary>
    /// <exception cref="Rpc.RpcException">The stream broke; start over.</exception>
    public IAsyncEnumerable<SnapshotResponse> SnapshotAsync(CancellationToken cancellationToken = default) =>
        _calls.StreamAsync(EtcdMethods.Snapshot, new SnapshotRequest(), cancellationToken);
}
