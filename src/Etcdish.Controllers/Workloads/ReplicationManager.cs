using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>Keeps the pods of replication controllers.</summary>
internal sealed class ReplicationManager(ControllerContext context)
    : ReplicaController<ReplicationController>("replication-controller", context, Resources.ReplicationControllers)
{
    /// <inheritdoc/>
    protected override bool TellsTerminating => false;

    /// <inheritdoc/>
    protected override IEnumerable<Pod> Related(ReplicationController set, IReadOnlyList<Pod> own) => own;
}
