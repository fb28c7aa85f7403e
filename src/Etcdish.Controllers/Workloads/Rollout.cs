using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>A deployment and its replica sets: the newest, which is of its present template, and the old ones.</summary>
internal sealed class Rollout
{
    /// <summary>The label that tells the pods of one replica set from those of another.</summary>
    public const string HashLabel = "pod-template-hash";

    /// <summary>Sorts replica sets into newest and old.</summary>
    public Rollout(Deployment deployment, IEnumerable<ReplicaSet> sets)
    {
        Deployment = deployment;
        Bounds = RollingBounds.Of(deployment.Spec);
        Old = [.. sets.OrderBy(set => set.Metadata.CreationTimestamp).ThenBy(set => set.Metadata.Name, StringComparer.Ordinal)];

        // If there are several of the template, which should not be, all processes must agree on one: the oldest.
        Newest = Old.Find(set => IsOfTemplate(deployment, set));
        if (Newest is not null)
        {
            Old.Remove(Newest);
        }
    }

    /// <summary>The deployment.</summary>
    public Deployment Deployment { get; set; }

    /// <summary>How many pods are wanted.</summary>
    public int Replicas => Deployment.Spec.Replicas;

    /// <summary>How far from that it may be.</summary>
    public RollingBounds Bounds { get; }

    /// <summary>The replica set of the present template, or null.</summary>
    public ReplicaSet? Newest { get; set; }

    /// <summary>All others, the oldest first.</summary>
    public List<ReplicaSet> Old { get; }

    /// <summary>All, the newest last.</summary>
    public IEnumerable<ReplicaSet> All => Newest is null ? Old : Old.Append(Newest);

    /// <summary>Those that should have pods.</summary>
    public IEnumerable<ReplicaSet> Active => All.Where(set => set.Spec.Replicas > 0);

    /// <summary>How many pods the replica sets should have.</summary>
    public int Wanted => All.Sum(set => set.Spec.Replicas);

    /// <summary>
    /// Whether every replica set has acted on the size that it was given last. Until then its status may speak of pods that it has deleted
    /// since, or not of those that it has created.
    /// </summary>
    public bool IsSettled => All.All(set => set.Status.ObservedGeneration >= set.Metadata.Generation);

    /// <summary>Whether a replica set is of a deployment's present template.</summary>
    public static bool IsOfTemplate(Deployment deployment, ReplicaSet set) =>
        CanonicalTemplate.AreEqual(deployment.Spec.Template.Json, set.Spec.Template.Json, HashLabel);

    /// <summary>Takes a replica set as it is after a write.</summary>
    public void Replace(ReplicaSet written)
    {
        if (Newest?.Metadata.Uid == written.Metadata.Uid)
        {
            Newest = written;
        }
        else
        {
            Old[Old.FindIndex(set => set.Metadata.Uid == written.Metadata.Uid)] = written;
        }
    }
}

/// <summary>A size that a replica set is to have.</summary>
/// <param name="Set">The replica set.</param>
/// <param name="Replicas">How many pods.</param>
internal readonly record struct ScaleStep(ReplicaSet Set, int Replicas);
