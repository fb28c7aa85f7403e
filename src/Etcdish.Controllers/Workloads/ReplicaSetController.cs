using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>Keeps the pods of replica sets.</summary>
internal sealed class ReplicaSetController(ControllerContext context)
    : ReplicaController<ReplicaSet>("replicaset-controller", context, Resources.ReplicaSets)
{
    private readonly OwnedObjects<ReplicaSet> _sets = OwnedObjects<ReplicaSet>.In(context.Informers.Of(Resources.ReplicaSets));
    private readonly OwnedObjects<Pod> _pods = OwnedObjects<Pod>.In(context.Informers.Of(Resources.Pods));

    /// <inheritdoc/>
    protected override bool TellsTerminating => true;

    /// <summary>The pods of all replica sets of the same deployment.</summary>
    protected override IEnumerable<Pod> Related(ReplicaSet set, IReadOnlyList<Pod> own) =>
        set.Metadata.Controller is { } owner
            ? _sets.Of(owner.Uid).SelectMany(sibling => _pods.Of(sibling.Metadata.Uid))
            : own;
}
