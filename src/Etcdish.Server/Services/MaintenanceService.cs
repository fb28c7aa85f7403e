using System.Text.RegularExpressions;
using Etcdish.Cluster;
using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Server.Snapshot;
using Etcdish.Store;
using Google.Protobuf;
using AlarmMember = Etcdish.Store.AlarmMember;
using AlarmRequest = Etcdish.Protos.AlarmRequest;
using AlarmType = Etcdish.Store.AlarmType;

namespace Etcdish.Server.Services;

/// <summary>etcdserverpb.Maintenance of this member.</summary>
internal sealed partial class MaintenanceService(ServiceContext context)
{
    private readonly Node _node = context.Node;

    public void Register(RpcServices services) => services.AddService(MaintenanceReflection.Descriptor.Services.Single())
        .Add<AlarmRequest, AlarmResponse>("Alarm", context, AlarmAsync)
        .Add<StatusRequest, StatusResponse>("Status", context, StatusAsync)
        .Add<DefragmentRequest, DefragmentResponse>("Defragment", context, DefragmentAsync)
        .Add<HashRequest, HashResponse>("Hash", context, HashAsync)
        .Add<HashKVRequest, HashKVResponse>("HashKV", context, HashKvAsync)
        .AddStream<SnapshotRequest, SnapshotResponse>("Snapshot", context, SnapshotAsync)
        .Add<MoveLeaderRequest, MoveLeaderResponse>("MoveLeader", context, MoveLeaderAsync)
        .Add<DowngradeRequest, DowngradeResponse>("Downgrade", context, DowngradeAsync);

    private async ValueTask<AlarmResponse> AlarmAsync(AlarmRequest request, ServerCall call)
    {
        AlarmMember[] before = [.. _node.Store.Alarms((AlarmType)request.Alarm)];
        IEnumerable<AlarmMember> answer = before;
        long revision = _node.Store.CurrentRevision;
        if (request.Action != AlarmRequest.Types.AlarmAction.Get)
        {
            ApplyResult result = await context.ProposeAsync(EntryKind.Alarm, request.ToByteArray()).ConfigureAwait(false);
            revision = result.Revision;

            // etcd tells which alarm it raised, or which it disarmed.
            AlarmMember[] after = [.. _node.Store.Alarms(AlarmType.None)];
            answer = request.Action == AlarmRequest.Types.AlarmAction.Activate
                ? after.Where(alarm => alarm.MemberId == request.MemberID && alarm.Type == (AlarmType)request.Alarm)
                : before.Except(after);
        }

        var response = new AlarmResponse { Header = context.HeaderMessage(revision) };
        response.Alarms.AddRange(answer.Select(alarm =>
            new Protos.AlarmMember { MemberID = alarm.MemberId, Alarm = (Protos.AlarmType)alarm.Type }));
        return response;
    }

    private ValueTask<StatusResponse> StatusAsync(StatusRequest request, ServerCall call)
    {
        var response = new StatusResponse
        {
            Header = context.HeaderMessage(_node.Store.CurrentRevision),
            Version = ServerVersion.Api,
            StorageVersion = ServerVersion.Storage,
            DbSize = _node.DataBytes,
            DbSizeInUse = _node.LiveBytes,
            DbSizeQuota = context.Options.QuotaBytes,
            Leader = _node.LeaderId,
            RaftIndex = _node.CommittedIndex,
            RaftAppliedIndex = _node.AppliedIndex,
            RaftTerm = _node.Term,
            IsLearner = _node.IsLearner,
            DowngradeInfo = new DowngradeInfo(),
        };
        if (_node.LeaderId == 0)
        {
            response.Errors.Add(EtcdError.NoLeader.Message);
        }

        foreach (AlarmMember alarm in _node.Store.Alarms(AlarmType.None))
        {
            response.Errors.Add($"memberID:{alarm.MemberId} alarm:{AlarmNames.Of(alarm.Type)} ");
        }

        return new(response);
    }

    // Nothing is ever fragmented: space comes back by itself, in the background.
    private static ValueTask<DefragmentResponse> DefragmentAsync(DefragmentRequest request, ServerCall call) => new(new DefragmentResponse());

    // Both hashes read everything there is, so neither may hold up the transport's threads.
    private async ValueTask<HashResponse> HashAsync(HashRequest request, ServerCall call)
    {
        long revision = 0;
        uint hash = await Task.Run(() => _node.Store.Hash(out revision)).ConfigureAwait(false);
        return new HashResponse { Header = context.HeaderMessage(revision), Hash = hash };
    }

    private async ValueTask<HashKVResponse> HashKvAsync(HashKVRequest request, ServerCall call)
    {
        try
        {
            HashKvResult result = await Task.Run(() => _node.Store.HashKv(request.Revision)).ConfigureAwait(false);
            return new HashKVResponse
            {
                Header = context.HeaderMessage(result.CurrentRevision),
                Hash = result.Hash,
                HashRevision = result.HashRevision,
                CompactRevision = result.CompactRevision,
            };
        }
        catch (EtcdException e)
        {
            throw e.Error.ToRpc();
        }
    }

    private async Task SnapshotAsync(SnapshotRequest request, ResponseStream<SnapshotResponse> responses, ServerCall call)
    {
        // Both walks read from the disk, so neither may hold up the transport's threads.
        await Task.Yield();
        using var state = new RevisionStoreSnapshot(_node.Store, _node.Values, [.. context.Members().Select(SnapshotMemberOf)]);
        var writer = new EtcdSnapshotWriter(state);
        context.Log.Info(
            "sending database snapshot to client", [new("total-bytes", writer.Length), new("storage-version", EtcdSchema.StorageVersion)]);
        foreach (SnapshotBlob blob in writer.WriteBlobs())
        {
            await responses.WriteAsync(new SnapshotResponse
            {
                Blob = UnsafeByteOperations.UnsafeWrap(blob.Bytes),
                RemainingBytes = (ulong)blob.Remaining,
                Version = EtcdSchema.StorageVersion,
            }).ConfigureAwait(false);
        }

        context.Log.Info("successfully sent database snapshot to client", [new("total-bytes", writer.Length)]);
    }

    private static SnapshotMember SnapshotMemberOf(ClusterMember member) =>
        new(member.Id, member.Name, [.. member.PeerUrls], [.. member.ClientUrls], member.IsLearner);

    private async ValueTask<MoveLeaderResponse> MoveLeaderAsync(MoveLeaderRequest request, ServerCall call)
    {
        try
        {
            await _node.TransferLeadershipAsync(request.TargetID, call.CancellationToken).ConfigureAwait(false);
            return new MoveLeaderResponse();
        }
        catch (TimeoutException)
        {
            // etcd has no status for it, so its clients see this one.
            throw new RpcException(StatusCode.Unknown, "etcdserver: request timed out, leader transfer took too long");
        }
    }

    private ValueTask<DowngradeResponse> DowngradeAsync(DowngradeRequest request, ServerCall call)
    {
        switch (request.Action)
        {
            case DowngradeRequest.Types.DowngradeAction.Cancel:
                throw EtcdError.NoInflightDowngrade.ToRpc();
            case DowngradeRequest.Types.DowngradeAction.Validate or DowngradeRequest.Types.DowngradeAction.Enable:
                // The data here can be read by this program only, so there is no older version to go back to.
                throw (VersionPattern().IsMatch(request.Version)
                    ? EtcdError.InvalidDowngradeTargetVersion
                    : EtcdError.WrongDowngradeVersionFormat).ToRpc();
            default:
                throw new RpcException(StatusCode.Unknown, "etcdserver: unknown method");
        }
    }

    [GeneratedRegex(@"^\d+\.\d+(\.\d+)?$")]
    private static partial Regex VersionPattern();
}
