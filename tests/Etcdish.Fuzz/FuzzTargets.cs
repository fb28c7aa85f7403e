using Etcdish.Fuzz.Targets;

namespace Etcdish.Fuzz;

/// <summary>All targets, in the order of a request's way: from the network to the disk.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyList<IFuzzTarget> All { get; } =
    [
        new Http2Target(),
        new GrpcHeadersTarget(),
        new GrpcFramingTarget(),
        new GrpcResponseTarget(),
        new GzipTarget(),
        new SpdyTarget(),
        new ChannelTarget(),
        new DnsTarget(),
        new RangeTarget(),
        new PutTarget(),
        new DeleteRangeTarget(),
        new TxnTarget(),
        new CompactionTarget(),
        new LeaseGrantTarget(),
        new LeaseRevokeTarget(),
        new LeaseCheckpointTarget(),
        new AlarmTarget(),
        new WatchTarget(),
        new ApiQueryTarget(),
        new ApiBodyTarget(),
        new LogSegmentTarget(),
        new LogFolderTarget(),
        new LogCheckpointTarget(),
        new StoreCheckpointTarget(),
        new SnapshotTarget(),
    ];
}
