using Etcdish.Protos;

namespace Etcdish.Client.Transport;

/// <summary>The methods that this client calls.</summary>
internal static class EtcdMethods
{
    public static readonly EtcdMethod<RangeRequest, RangeResponse> Range =
        new("/etcdserverpb.KV/Range", RangeResponse.Parser);

    public static readonly EtcdMethod<PutRequest, PutResponse> Put =
        new("/etcdserverpb.KV/Put", PutResponse.Parser);

    public static readonly EtcdMethod<DeleteRangeRequest, DeleteRangeResponse> DeleteRange =
        new("/etcdserverpb.KV/DeleteRange", DeleteRangeResponse.Parser);

    public static readonly EtcdMethod<TxnRequest, TxnResponse> Txn =
        new("/etcdserverpb.KV/Txn", TxnResponse.Parser);

    public static readonly EtcdMethod<CompactionRequest, CompactionResponse> Compact =
        new("/etcdserverpb.KV/Compact", CompactionResponse.Parser);

    public static readonly EtcdMethod<RangeRequest, RangeStreamResponse> RangeStream =
        new("/etcdserverpb.KV/RangeStream", RangeStreamResponse.Parser);

    public static readonly EtcdMethod<LeaseGrantRequest, LeaseGrantResponse> LeaseGrant =
        new("/etcdserverpb.Lease/LeaseGrant", LeaseGrantResponse.Parser);

    public static readonly EtcdMethod<LeaseRevokeRequest, LeaseRevokeResponse> LeaseRevoke =
        new("/etcdserverpb.Lease/LeaseRevoke", LeaseRevokeResponse.Parser);

    public static readonly EtcdMethod<LeaseKeepAliveRequest, LeaseKeepAliveResponse> LeaseKeepAlive =
        new("/etcdserverpb.Lease/LeaseKeepAlive", LeaseKeepAliveResponse.Parser);

    public static readonly EtcdMethod<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse> LeaseTimeToLive =
        new("/etcdserverpb.Lease/LeaseTimeToLive", LeaseTimeToLiveResponse.Parser);

    public static readonly EtcdMethod<LeaseLeasesRequest, LeaseLeasesResponse> LeaseLeases =
        new("/etcdserverpb.Lease/LeaseLeases", LeaseLeasesResponse.Parser);

    public static readonly EtcdMethod<WatchRequest, WatchResponse> Watch =
        new("/etcdserverpb.Watch/Watch", WatchResponse.Parser);

    public static readonly EtcdMethod<MemberAddRequest, MemberAddResponse> MemberAdd =
        new("/etcdserverpb.Cluster/MemberAdd", MemberAddResponse.Parser);

    public static readonly EtcdMethod<MemberRemoveRequest, MemberRemoveResponse> MemberRemove =
        new("/etcdserverpb.Cluster/MemberRemove", MemberRemoveResponse.Parser);

    public static readonly EtcdMethod<MemberUpdateRequest, MemberUpdateResponse> MemberUpdate =
        new("/etcdserverpb.Cluster/MemberUpdate", MemberUpdateResponse.Parser);

    public static readonly EtcdMethod<MemberListRequest, MemberListResponse> MemberList =
        new("/etcdserverpb.Cluster/MemberList", MemberListResponse.Parser);

    public static readonly EtcdMethod<MemberPromoteRequest, MemberPromoteResponse> MemberPromote =
        new("/etcdserverpb.Cluster/MemberPromote", MemberPromoteResponse.Parser);

    public static readonly EtcdMethod<AlarmRequest, AlarmResponse> Alarm =
        new("/etcdserverpb.Maintenance/Alarm", AlarmResponse.Parser);

    public static readonly EtcdMethod<StatusRequest, StatusResponse> Status =
        new("/etcdserverpb.Maintenance/Status", StatusResponse.Parser);

    public static readonly EtcdMethod<DefragmentRequest, DefragmentResponse> Defragment =
        new("/etcdserverpb.Maintenance/Defragment", DefragmentResponse.Parser);

    public static readonly EtcdMethod<HashRequest, HashResponse> Hash =
        new("/etcdserverpb.Maintenance/Hash", HashResponse.Parser);

    public static readonly EtcdMethod<HashKVRequest, HashKVResponse> HashKV =
        new("/etcdserverpb.Maintenance/HashKV", HashKVResponse.Parser);

    public static readonly EtcdMethod<SnapshotRequest, SnapshotResponse> Snapshot =
        new("/etcdserverpb.Maintenance/Snapshot", SnapshotResponse.Parser);

    public static readonly EtcdMethod<MoveLeaderRequest, MoveLeaderResponse> MoveLeader =
        new("/etcdserverpb.Maintenance/MoveLeader", MoveLeaderResponse.Parser);

    public static readonly EtcdMethod<AuthenticateRequest, AuthenticateResponse> Authenticate =
        new("/etcdserverpb.Auth/Authenticate", AuthenticateResponse.Parser);
}
