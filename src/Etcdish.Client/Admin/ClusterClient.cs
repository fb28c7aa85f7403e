using Etcdish.Client.Calls;
using Etcdish.Client.Transport;
using Etcdish.Protos;

namespace Etcdish.Client;

/// <summary>The cluster's members.</summary>
public sealed class ClusterClient
{
    private readonly CallInvoker _calls;

    internal ClusterClient(CallInvoker calls)
    {
        _calls = calls;
    }

    /// <summary>All members; linearizable.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public Task<MemberListResponse> ListAsync(CancellationToken cancellationToken = default) =>
        _calls.ReadAsync(EtcdMethods.MemberList, new MemberListRequest { Linearizable = true }, cancellationToken);

    /// <summary>Adds a member, as a learner or a voter.</summary>
    /// <exception cref="Rpc.RpcException">FailedPrecondition: its peer URL is in use, or too few members run.</exception>
    public Task<MemberAddResponse> AddAsync(MemberAddRequest request, CancellationToken cancellationToken = default) =>
        _calls.WriteAsync(EtcdMethods.MemberAdd, request, cancellationToken);

    /// <summary>Removes a member for good; its id is never used again.</summary>
    /// <exception cref="Rpc.RpcException">NotFound: no such member.</exception>
    public Task<MemberRemoveResponse> RemoveAsync(ulong member, CancellationToken cancellationToken = default) =>
        _calls.WriteAsync(EtcdMethods.MemberRemove, new MemberRemoveRequest { ID = member }, cancellationToken);

    /// <summary>Changes a member's peer URLs.</summary>
    /// <exception cref="Rpc.RpcException">NotFound: no such member.</exception>
    public Task<MemberUpdateResponse> UpdateAsync(MemberUpdateRequest request, CancellationToken cancellationToken = default) =>
        _calls.WriteAsync(EtcdMethods.MemberUpdate, request, cancellationToken);

    /// <summary>Makes a learner a voter.</summary>
    /// <exception cref="Rpc.RpcException">FailedPrecondition: not a learner, or not in sync with the leader yet.</exception>
    public Task<MemberPromoteResponse> PromoteAsync(ulong member, CancellationToken cancellationToken = default) =>
        _calls.WriteAsync(EtcdMethods.MemberPromote, new MemberPromoteRequest { ID = member }, cancellationToken);
}
