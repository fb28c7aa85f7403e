using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Queueing;
using Etcdish.Scheduler.Volumes;

namespace Etcdish.Scheduler.Preempting;

/// <summary>
/// Looks for a node where a pod would fit if pods of lower priority gave way, and for the least that have to. It tries on the cluster
/// itself, from which it takes pods and puts them back: so every rule is asked as it is asked for placing.
/// </summary>
/// <param name="cluster">The cluster; as it was afterwards.</param>
/// <param name="cycle">Says where a pod fits.</param>
/// <param name="budgets">Say who should not be evicted.</param>
/// <param name="random">Chooses where to begin.</param>
internal sealed class Preemption(ClusterState cluster, SchedulingCycle cycle, DisruptionBudgets budgets, Random random)
{
    private const int MinCandidates = 100;
    private const int CandidatesPercentage = 10;
    private const string NotHelpful = "Preemption is not helpful for scheduling";
    private static readonly Rejection _nobody = new(Plugin.None, true, "No preemption victims found for incoming pod");

    /// <summary>Looks for pods that could give way to one that found no node.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="diagnosis">Why it found none.</param>
    public PreemptionResult Look(QueuedPod pod, Diagnosis diagnosis)
    {
        if (WhyNot(pod, diagnosis) is { } whyNot)
        {
            return new PreemptionResult(null, whyNot, ClearsNomination: false);
        }

        var plan = cycle.PlanOf(pod.Shape);
        var volumes = VolumeFilter.Of(pod.Pod, pod.Shape, cluster, out _);
        var nodes = diagnosis.Resolvable;
        var wanted = Math.Max(nodes.Count * CandidatesPercentage / 100, MinCandidates);
        var start = nodes.Count == 0 ? 0 : random.Next(nodes.Count);
        List<Victims> candidates = [];
        Dictionary<Rejection, int> reasons = [];
        for (var i = 0; i < nodes.Count && candidates.Count < wanted; i++)
        {
            var node = nodes[(start + i) % nodes.Count];
            if (Try(plan, pod, node, volumes, out var rejection) is { } victims)
            {
                candidates.Add(victims);
            }
            else
            {
                reasons[rejection!] = reasons.GetValueOrDefault(rejection!) + 1;
            }
        }

        if (candidates.Count > 0)
        {
            return new PreemptionResult(Victims.Best(candidates), "", ClearsNomination: false);
        }

        if (diagnosis.Nodes > nodes.Count)
        {
            reasons[new Rejection(Plugin.None, true, NotHelpful)] = diagnosis.Nodes - nodes.Count;
        }

        return new PreemptionResult(null, Diagnosis.OfEach(diagnosis.Nodes, reasons, []).Message(), ClearsNomination: true);
    }

    private string? WhyNot(QueuedPod pod, Diagnosis diagnosis)
    {
        if (!pod.Shape.MayPreempt)
        {
            return "not eligible due to preemptionPolicy=Never.";
        }

        // Room is being made for it already, on a node where that still helps.
        var nominated = cluster.Nodes.Find(cluster.Nominations.NodeOf(pod.Key));
        foreach (var other in nominated is not null && diagnosis.Resolvable.Contains(nominated) ? nominated.Pods : [])
        {
            if (other.IsTerminating && other.Priority < pod.Shape.Priority
                && other.Pod.Status.Find("DisruptionTarget") is { IsTrue: true, Reason: "PreemptionByScheduler" })
            {
                return "not eligible due to a terminating pod on the nominated node.";
            }
        }

        return null;
    }

    /// <summary>Who has to give way on a node; null: the pod would not fit there anyway, or nobody is less important.</summary>
    private Victims? Try(PodPlan plan, QueuedPod pod, NodeState node, VolumeFilter? volumes, out Rejection? rejection)
    {
        rejection = _nobody;
        if (cluster.LowestPriority >= pod.Shape.Priority)
        {
            return null;
        }

        var lesser = node.Pods.FindAll(p => p.Priority < pod.Shape.Priority);
        if (lesser.Count == 0)
        {
            return null;
        }

        lesser.ForEach(cluster.Unplace);
        rejection = cycle.Check(plan, pod, node, volumes);
        if (rejection is not null)
        {
            lesser.ForEach(p => cluster.Place(p, node));
            return null;
        }

        lesser.Sort(Victims.ByImportance);
        var violating = budgets.Violating(lesser);
        List<PodState> victims = [];
        var violations = 0;
        foreach (var candidate in lesser.Where(violating.Contains).Concat(lesser.Where(p => !violating.Contains(p))))
        {
            cluster.Place(candidate, node);
            if (cycle.Check(plan, pod, node, volumes) is not null)
            {
                cluster.Unplace(candidate);
                victims.Add(candidate);
                violations += violating.Contains(candidate) ? 1 : 0;
            }
        }

        victims.ForEach(p => cluster.Place(p, node));
        victims.Sort(Victims.ByImportance);
        return new Victims(node, victims, violations);
    }
}

/// <summary>What came of looking for pods that could give way.</summary>
/// <param name="Victims">Who has to, and where; null: nobody.</param>
/// <param name="Message">Why nobody, as users read it.</param>
/// <param name="ClearsNomination">Whether a node that was nominated before no longer is.</param>
internal readonly record struct PreemptionResult(Victims? Victims, string Message, bool ClearsNomination);
