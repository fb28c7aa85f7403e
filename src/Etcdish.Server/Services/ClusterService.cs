using Etcdish.Cluster;
using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Server.Configuration;
using Etcdish.Store;
using Google.Protobuf.Collections;

namespace Etcdish.Server.Services;

/// <summary>
/// etcdserverpb.Cluster: the list is real; what would change the members is checked as etcd checks it and then refused, because this server
/// cannot carry it out.
/// </summary>
internal sealed class ClusterService(ServiceContext context)
{
    private const string Fixed = "this server does not change the members of a cluster after its start";

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

        // Answers about members carry no revision.
        return new MemberListResponse { Header = context.HeaderMessage(0), Members = { context.Members().Select(Message) } };
    }

    private static Member Message(ClusterMember member) => new()
    {
        ID = member.Id,
        Name = member.Name,
        PeerURLs = { member.PeerUrls },
        ClientURLs = { member.ClientUrls },
    };

    private ValueTask<MemberAddResponse> AddAsync(MemberAddRequest request, ServerCall call)
    {
        CheckUrls(request.PeerURLs);
        HashSet<EtcdUrl> taken = [.. _node.Members.SelectMany(member => member.PeerUrls).Select(EtcdUrl.Parse)];
        if (request.PeerURLs.Any(url => taken.Contains(EtcdUrl.Parse(url))))
        {
            throw EtcdError.PeerURLExist.ToRpc();
        }

        throw Unavailable();
    }

    private ValueTask<MemberRemoveResponse> RemoveAsync(MemberRemoveRequest request, ServerCall call) =>
        throw (!IsMember(request.ID) ? EtcdError.MemberNotFound.ToRpc()
            : _node.Members.Count == 1 ? EtcdError.MemberNotEnoughStarted.ToRpc()
            : Unavailable());

    private ValueTask<MemberUpdateResponse> UpdateAsync(MemberUpdateRequest request, ServerCall call)
    {
        CheckUrls(request.PeerURLs);
        throw IsMember(request.ID) ? Unavailable() : EtcdError.MemberNotFound.ToRpc();
    }

    private ValueTask<MemberPromoteResponse> PromoteAsync(MemberPromoteRequest request, ServerCall call) =>
        throw (IsMember(request.ID) ? EtcdError.MemberNotLearner : EtcdError.MemberNotFound).ToRpc();

    private static RpcException Unavailable() => new(StatusCode.Unimplemented, Fixed);

    private bool IsMember(ulong id) => _node.Members.Any(member => member.Id == id);

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
