using Etcdish.Cluster;
using Etcdish.Server.Services;
using Etcdish.Store;

namespace Etcdish.Server.Http;

/// <summary>The node as the health endpoints see it.</summary>
internal sealed class NodeServerState(Node node) : IServerState
{
    private static readonly RangeRequest _probe = new() { Key = "health"u8.ToArray(), Limit = 1, KeysOnly = true };

    public bool HasLeader => node.LeaderId != 0;

    public bool IsLearner => node.IsLearner;

    public bool IsQuarantined => node.IsQuarantined;

    public IReadOnlyList<string> Alarms => [.. node.Store.Alarms(AlarmType.None).Select(alarm => AlarmNames.Of(alarm.Type))];

    public async ValueTask CheckReadAsync(bool serializable, CancellationToken cancellationToken)
    {
        if (!serializable)
        {
            await node.ReadBarrierAsync(cancellationToken).ConfigureAwait(false);
        }

        node.Store.Range(_probe);
    }
}
