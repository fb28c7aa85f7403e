using Etcdish.Cluster;
using Etcdish.Protos;
using Etcdish.Rpc;

namespace Etcdish.Server.Services;

/// <summary>etcdserverpb.Cluster: the members, and changes of them, which any member takes and the leader decides.</summary>
internal sealed class ClusterService(ServiceContext context)
{
    private readonly Node _node = context.Node;

    public void Register(RpcServices services) => services.AddService(ClusterReflection.Descriptor.Services.Single())
        .Add<MemberListRequest, MemberListResponse>("MemberList", context, ListAsync)
        .Add<MemberAddRequest, MemberAddResponse>("MemberAdd", context, AddAsync)
        .Add<MemberRemoveRequest, MemberRemoveResponse>("MemberRemove", context, RemoveAsync)
        .Add<MemberUpdateRequest, MemberUpdateResponse>("MemberUpdate", context, UpdateAsync)
        .Add<MemberPromoteRequest, MemberPromoteResponse>("MemberPromote", context, PromoteAsync);

    // Answers about members carry no revision.
    private ResponseHeader Header => context.HeaderMessage(0);

    private IEnumerable<Member> Members => context.Members().Select(Message);

    private async ValueTask<MemberListResponse> ListAsync(MemberListRequest request, ServerCall call)
    {
        if (request.Linearizable)
        {
            await context.ReadBarrierAsync(call).ConfigureAwait(false);
        }

        return new MemberListResponse { Header = Header, Members = { Members } };
    }

    private async ValueTask<MemberAddResponse> AddAsync(MemberAddRequest request, ServerCall call)
    {
        ClusterMember added =
            await _node.AddMemberAsync(request.PeerURLs, request.IsLearner, call.CancellationToken).ConfigureAwait(false);
        return new MemberAddResponse { Header = Header, Member = Message(added), Members = { Members } };
    }

    private async ValueTask<MemberRemoveResponse> RemoveAsync(MemberRemoveRequest request, ServerCall call)
    {
        await _node.RemoveMemberAsync(request.ID, call.CancellationToken).ConfigureAwait(false);
        return new MemberRemoveResponse { Header = Header, Members = { Members } };
    }

    private async ValueTask<MemberUpdateResponse> UpdateAsync(MemberUpdateRequest request, ServerCall call)
    {
        await _node.UpdateMemberAsync(request.ID, request.PeerURLs, call.CancellationToken).ConfigureAwait(false);
        return new MemberUpdateResponse { Header = Header, Members = { Members } };
    }

    private async ValueTask<MemberPromoteResponse> PromoteAsync(MemberPromoteRequest request, ServerCall call)
    {
        await _node.PromoteMemberAsync(request.ID, call.CancellationToken).ConfigureAwait(false);
        return new MemberPromoteResponse { Header = Header, Members = { Members } };
    }

    private static Member Message(ClusterMember member) => new()
    {
        ID = member.Id,
        Name = member.Name,
        PeerURLs = { member.PeerUrls },
        ClientURLs = { member.ClientUrls },
        IsLearner = member.IsLearner,
    };
}
