using Etcdish.Cluster;
using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Server.Configuration;
using Etcdish.Store;
using Google.Protobuf.Collections;

namespace Etcdish.Server.Services;

/// <summary>
/// etcdserverpb.Cluster for a cluster of one: the list is real; what would change the members is checked as etcd checks it and then
/// refused, because a second member could not join.
/// </summary>
internal sealed class ClusterService(ServiceContext context)
{
    private const string OneMember = "this server runs as a cluster of one member; membership changes are not available";

    private readonly Node _node = context.Node;

    public void Register(RpcServices services) => services.AddService(ClusterReflection.Descriptor.Services.Single())
        .Add<MemberListRequest, MemberListResponse>("MemberList", context, ListAsync)
        .Add<MemberAddRequest, MemberAddResponse>("MemberAdd", context, AddAsync)
        .Add<MemberRemoveRequest, MemberRemoveResponse>("MemberRemove", context, RemoveAsync)
        .Add<MemberUpdateRequest, MemberUpdateResponse>("MemberUpdate", context, UpdateAsync)
        .Add<MemberPromoteRequest, MemberPromoteResponse>("MemberPromote", context, PromoteAsync);

    private async ValueTask<MemberListResponse> ListAsync(MemberListRequest request, ServerCall call)
    {
        if (request.Linearizable)
        {
            await _node.ReadBarrierAsync().ConfigureAwait(false);
        }

        var member = new Member { ID = _node.MemberId, Name = _node.Name };
        member.PeerURLs.AddRange(context.Options.InitialAdvertisePeerUrls.Select(url => url.ToString()));
        member.ClientURLs.AddRange(context.Options.AdvertiseClientUrls.Select(url => url.ToString()));

        // Answers about members carry no revision.
        return new MemberListResponse { Header = context.HeaderMessage(0), Members = { member } };
    }

    private ValueTask<MemberAddResponse> AddAsync(MemberAddRequest request, ServerCall call)
    {
        CheckUrls(request.PeerURLs);
        if (request.PeerURLs.Any(url => context.Options.InitialAdvertisePeerUrls.Contains(EtcdUrl.Parse(url))))
        {
            throw EtcdError.PeerURLExist.ToRpc();
        }

        throw new RpcException(StatusCode.FailedPrecondition, OneMember);
    }

    private ValueTask<MemberRemoveResponse> RemoveAsync(MemberRemoveRequest request, ServerCall call) =>
        throw (request.ID == _node.MemberId ? EtcdError.MemberNotEnoughStarted : EtcdError.MemberNotFound).ToRpc();

    private ValueTask<MemberUpdateResponse> UpdateAsync(MemberUpdateRequest request, ServerCall call)
    {
        CheckUrls(request.PeerURLs);
        throw request.ID == _node.MemberId
            ? new RpcException(StatusCode.FailedPrecondition, OneMember)
            : EtcdError.MemberNotFound.ToRpc();
    }

    private ValueTask<MemberPromoteResponse> PromoteAsync(MemberPromoteRequest request, ServerCall call) =>
        throw (request.ID == _node.MemberId ? EtcdError.MemberNotLearner : EtcdError.MemberNotFound).ToRpc();

    private static void CheckUrls(RepeatedField<string> urls)
    {
        try
        {
            foreach (string url in urls)
            {
                EtcdUrl.Parse(url);
            }
        }
        catch (FormatException)
        {
            throw EtcdError.MemberBadURLs.ToRpc();
        }

        if (urls.Count == 0)
        {
            throw EtcdError.MemberBadURLs.ToRpc();
        }
    }
}
