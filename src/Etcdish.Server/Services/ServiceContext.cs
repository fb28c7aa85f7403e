using System.Runtime.CompilerServices;
using Etcdish.Cluster;
using Etcdish.Rpc;
using Etcdish.Server.Configuration;
using Etcdish.Server.Logging;
using Etcdish.Server.Metrics;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>What all services share: the node, the settings, and the rules that hold for every call.</summary>
internal sealed class ServiceContext(
    Node node, ServerOptions options, ServerLog log, ServerMetrics metrics, LeadershipMonitor leadership, CancellationToken stopping)
{
    private const string RangeMethod = "/etcdserverpb.KV/Range";
    private const string StatusMethod = "/etcdserverpb.Maintenance/Status";
    private const string SnapshotMethod = "/etcdserverpb.Maintenance/Snapshot";

    public Node Node { get; } = node;

    public ServerOptions Options { get; } = options;

    public ServerLog Log { get; } = log;

    public ServerMetrics Metrics { get; } = metrics;

    /// <summary>Who knows whether there is a leader.</summary>
    public LeadershipMonitor Leadership { get; } = leadership;

    /// <summary>Cancelled when the server stops, for calls that wait for other clients.</summary>
    public CancellationToken Stopping { get; } = stopping;

    public QuotaGuard Quota { get; } = new(node, options.QuotaBytes, log);

    /// <summary>Header of an answer at a revision, for the hand codec.</summary>
    public ResponseHeader Header(long revision) => new(Node.ClusterId, Node.MemberId, revision, Node.Term);

    /// <summary>Header of an answer at a revision, as a message.</summary>
    public Protos.ResponseHeader HeaderMessage(long revision) => new()
    {
        ClusterId = Node.ClusterId,
        MemberId = Node.MemberId,
        Revision = revision,
        RaftTerm = Node.Term,
    };

    /// <summary>
    /// What etcd looks at before any method: counts the client's version, and refuses a call that demands a leader when there is none. The
    /// check of who calls joins in here.
    /// </summary>
    public void Admit(ServerCall call)
    {
        Metrics.CountClientRequest(call.Method, call.GetMetadata("client-api-version"));
        if (Node.LeaderId == 0 && DemandsLeader(call))
        {
            throw EtcdError.NoLeader.ToRpc();
        }

        if (Node.IsLearner && call.Method.FullName is not (RangeMethod or StatusMethod or SnapshotMethod))
        {
            throw EtcdError.NotSupportedForLearner.ToRpc();
        }
    }

    /// <summary>A member without a vote may lag, so it answers only reads that may too.</summary>
    public void AdmitRange(in RangeRequest range)
    {
        if (Node.IsLearner && !range.Serializable)
        {
            throw EtcdError.NotSupportedForLearner.ToRpc();
        }
    }

    /// <summary>Whether a call is to fail rather than to go on without a leader.</summary>
    public static bool DemandsLeader(ServerCall call) => call.GetMetadata("hasleader") == "true";

    /// <summary>The members; this one's client URLs also before it has told them to the others.</summary>
    public IEnumerable<ClusterMember> Members() => Node.Members.Select(member => member.Id != Node.MemberId ? member : member with
    {
        Name = Node.Name,
        ClientUrls = [.. Options.AdvertiseClientUrls.Select(url => url.ToString())],
    });

    /// <summary>
    /// As <see cref="Node.ReadBarrierAsync"/>, for a call. With a leader that is a round trip, shorter than a token of the call is worth;
    /// without one it waits for as long as the call does.
    /// </summary>
    public ValueTask ReadBarrierAsync(ServerCall call) =>
        Node.LeaderId != 0 ? Node.ReadBarrierAsync() : Node.ReadBarrierAsync(call.CancellationToken);

    /// <summary>Refuses a write that is larger than the log takes from a client.</summary>
    public void CheckSize(ReadOnlyMemory<byte> request)
    {
        if (request.Length > Options.MaxRequestBytes)
        {
            throw EtcdError.RequestTooLarge.ToRpc();
        }
    }

    /// <summary>Puts a write through the log; refusals come as the status that the client gets.</summary>
    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder<>))]
    public async ValueTask<ApplyResult> ProposeAsync(EntryKind kind, ReadOnlyMemory<byte> request)
    {
        CheckSize(request);
        ApplyResult result;
        try
        {
            result = await Node.ProposeAsync(kind, request).ConfigureAwait(false);
        }
        catch (EtcdException)
        {
            Metrics.ProposalsFailed.Increment();
            throw;
        }

        EtcdErrors.ThrowIfRefused(result.Error);
        return result;
    }
}
