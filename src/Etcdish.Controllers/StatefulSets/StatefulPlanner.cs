using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.StatefulSets;

/// <summary>
/// Decides about the pods of one stateful set. In order (OrderedReady), everything waits for the first pod that is not as it should be: a
/// plan creates or deletes one pod at most, except that an update may take as many as may be missing. In parallel, nothing waits but the
/// update.
/// </summary>
internal sealed class StatefulPlanner
{
    private readonly StatefulSet _set;
    private readonly string _currentRevision;
    private readonly string _updateRevision;
    private readonly DateTimeOffset _now;
    private readonly Predicate<int> _claimsGo;
    private readonly Pod?[] _replicas;
    private readonly List<(int Ordinal, Pod Pod)> _condemned = [];
    private readonly StatefulPlan _plan = new();

    private StatefulPlanner(
        StatefulSet set,
        IReadOnlyList<Pod> pods,
        string currentRevision,
        string updateRevision,
        DateTimeOffset now,
        Predicate<int> claimsGo)
    {
        _set = set;
        _currentRevision = currentRevision;
        _updateRevision = updateRevision;
        _now = now;
        _claimsGo = claimsGo;
        _replicas = new Pod?[set.Spec.Replicas];
        Sort(pods);
    }

    private bool IsOrdered => _set.Spec.PodManagementPolicy != "Parallel";

    /// <summary>What is to be done now.</summary>
    /// <param name="set">The set.</param>
    /// <param name="pods">Its pods, as far as is known.</param>
    /// <param name="currentRevision">The revision that all pods had last.</param>
    /// <param name="updateRevision">The revision of the set's template.</param>
    /// <param name="now">The time.</param>
    /// <param name="claimsGo">Whether the claims that the pod of a number would have are about to go with its former self.</param>
    public static StatefulPlan Plan(
        StatefulSet set,
        IReadOnlyList<Pod> pods,
        string currentRevision,
        string updateRevision,
        DateTimeOffset now,
        Predicate<int> claimsGo)
    {
        var planner = new StatefulPlanner(set, pods, currentRevision, updateRevision, now, claimsGo);
        planner.Count(pods);
        if (!set.Metadata.IsBeingDeleted && planner.PlanReplicas() && planner.PlanCondemned() && set.Spec.UpdateStrategy.Type != "OnDelete")
        {
            planner.PlanUpdate();
        }

        return planner._plan;
    }

    /// <summary>The revision of a new pod: pods below the partition keep the former one.</summary>
    public static string RevisionOf(StatefulSet set, int index, string currentRevision, string updateRevision)
    {
        var strategy = set.Spec.UpdateStrategy;
        var kept = strategy switch
        {
            { RollingUpdate: { } rolling } => rolling.Partition,
            { Type: "RollingUpdate" } => set.Status.CurrentReplicas,
            _ => 0,
        };
        return index < kept ? currentRevision : updateRevision;
    }

    private void Sort(IReadOnlyList<Pod> pods)
    {
        var start = _set.Spec.Ordinals.Start;
        foreach (var pod in pods)
        {
            var ordinal = StatefulIdentity.Ordinal(_set, pod.Metadata.Name);
            if (ordinal >= start && ordinal - start < _replicas.Length)
            {
                _replicas[ordinal - start] = pod;
            }
            else if (ordinal >= 0)
            {
                _condemned.Add((ordinal, pod));
            }
        }

        _condemned.Sort((a, b) => b.Ordinal.CompareTo(a.Ordinal));
    }

    private void Count(IReadOnlyList<Pod> pods)
    {
        var status = _plan.Status;
        status.ObservedGeneration = _set.Metadata.Generation;
        status.CurrentRevision = _currentRevision;
        status.UpdateRevision = _updateRevision;
        foreach (var pod in pods)
        {
            status.Replicas++;
            status.ReadyReplicas += IsRunning(pod) ? 1 : 0;
            status.AvailableReplicas += IsAvailable(pod) ? 1 : 0;
            if (!pod.Metadata.IsBeingDeleted)
            {
                var revision = StatefulIdentity.Revision(pod);
                status.CurrentReplicas += revision == _currentRevision ? 1 : 0;
                status.UpdatedReplicas += revision == _updateRevision ? 1 : 0;
            }
        }

        var wanted = _set.Spec.Replicas;
        if (_set.Spec.UpdateStrategy.Type == "RollingUpdate"
            && status.UpdatedReplicas == wanted && status.ReadyReplicas == wanted && status.Replicas == wanted)
        {
            status.CurrentReplicas = status.UpdatedReplicas;
            status.CurrentRevision = _updateRevision;
        }
    }

    /// <summary>False: something has to happen before anything else may be done.</summary>
    private bool PlanReplicas()
    {
        for (var i = 0; i < _replicas.Length; i++)
        {
            if (!PlanReplica(i) && IsOrdered)
            {
                return false;
            }
        }

        return true;
    }

    private bool PlanReplica(int index)
    {
        var ordinal = _set.Spec.Ordinals.Start + index;
        if (_replicas[index] is not { } pod)
        {
            if (!_claimsGo(ordinal))
            {
                Do(StatefulAction.Create, ordinal, null, RevisionOf(_set, index, _currentRevision, _updateRevision));
            }

            return false;
        }

        if (pod.IsFinished)
        {
            // Its successor is created when it is gone: two pods of one name cannot be.
            if (!pod.Metadata.IsBeingDeleted)
            {
                Do(StatefulAction.Delete, ordinal, pod);
            }

            return false;
        }

        if (pod.Status.Phase == "Pending" && _set.Spec.VolumeClaimTemplates.Length > 0)
        {
            Do(StatefulAction.ProvideClaims, ordinal, pod);
        }

        var isSteady = !IsUnavailable(pod);
        if (isSteady || !IsOrdered)
        {
            Settle(pod, ordinal);
        }

        return isSteady;
    }

    private void Settle(Pod pod, int ordinal)
    {
        if (!StatefulIdentity.IsLabelled(pod, ordinal))
        {
            Do(StatefulAction.Label, ordinal, pod);
        }

        if (_set.Spec.VolumeClaimTemplates.Length > 0)
        {
            Do(StatefulAction.OwnClaims, ordinal, pod);
        }
    }

    /// <summary>
    /// Pods that are not wanted go from the highest number; one that is not available holds the others up unless it is the lowest such.
    /// </summary>
    private bool PlanCondemned()
    {
        if (_set.Spec.VolumeClaimTemplates.Length > 0)
        {
            _condemned.ForEach(condemned => Do(StatefulAction.OwnClaims, condemned.Ordinal, condemned.Pod));
        }

        var firstUnavailable = _condemned.FindLast(condemned => IsUnavailable(condemned.Pod)).Pod;
        foreach (var (ordinal, pod) in _condemned)
        {
            if (!pod.Metadata.IsBeingDeleted && (!IsOrdered || !IsUnavailable(pod) || pod == firstUnavailable))
            {
                Do(StatefulAction.Delete, ordinal, pod);
            }

            if (IsOrdered)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Old pods go from the highest number, as many as may be missing. Those that are not available anyway cost nothing, and go first: no
    /// available pod is taken while a broken one could be mended. In order, all are available here.
    /// </summary>
    private void PlanUpdate()
    {
        var rolling = _set.Spec.UpdateStrategy.RollingUpdate;
        var budget = MaxUnavailable(rolling?.MaxUnavailable, _replicas.Length) - _replicas.Count(pod => pod is null || IsUnavailable(pod));
        List<StatefulStep> available = [];
        for (var i = _replicas.Length - 1; i >= (rolling?.Partition ?? 0); i--)
        {
            if (_replicas[i] is not { IsActive: true } pod || StatefulIdentity.Revision(pod) == _updateRevision)
            {
                continue;
            }

            var step = new StatefulStep(StatefulAction.Delete, _set.Spec.Ordinals.Start + i, pod);
            (IsUnavailable(pod) ? _plan.Steps : available).Add(step);
        }

        _plan.Steps.AddRange(available.Take(budget));
    }

    private static int MaxUnavailable(IntOrString? wanted, int replicas) =>
        wanted is { } value && value.TryScale(replicas, roundUp: false, out var count) ? Math.Max(count, 1) : 1;

    private static bool IsRunning(Pod pod) => pod.Status.Phase == "Running" && pod.IsReady;

    private bool IsAvailable(Pod pod)
    {
        if (!IsRunning(pod))
        {
            return false;
        }

        if (pod.IsAvailable(_set.Spec.MinReadySeconds, _now))
        {
            return true;
        }

        if (pod.Status.Find("Ready")?.LastTransitionTime is { } since)
        {
            var left = since + TimeSpan.FromSeconds(_set.Spec.MinReadySeconds) - _now;
            _plan.LookAgainAfter = _plan.LookAgainAfter is { } sooner && sooner < left ? sooner : left;
        }

        return false;
    }

    private bool IsUnavailable(Pod pod) => pod.Metadata.IsBeingDeleted || !IsAvailable(pod);

    private void Do(StatefulAction action, int ordinal, Pod? pod, string revision = "") =>
        _plan.Steps.Add(new StatefulStep(action, ordinal, pod, revision));
}
