using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Kinds;

namespace Etcdish.Scheduler.Volumes;

/// <summary>What must be written before a pod can be bound to a node, so that its claims get their volumes there.</summary>
/// <param name="Node">The node.</param>
/// <param name="Matched">Claims with the volumes that were found for them.</param>
/// <param name="Provisioned">Claims whose volumes are to be made.</param>
internal sealed record VolumeChoices(
    string Node, IReadOnlyList<(ClaimFacts Claim, VolumeFacts Volume)> Matched, IReadOnlyList<ClaimFacts> Provisioned)
{
    /// <summary>The claims that the pod has to wait for.</summary>
    public IEnumerable<ObjectKey> Claims => Matched.Select(m => m.Claim.Key).Concat(Provisioned.Select(c => c.Key));
}
