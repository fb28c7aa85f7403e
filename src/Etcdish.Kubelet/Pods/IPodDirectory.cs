using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Pods;

/// <summary>The pods of this node, for those who serve, measure or evict them. Safe for use by many threads.</summary>
internal interface IPodDirectory
{
    /// <summary>All pods that this node knows, static ones too.</summary>
    IReadOnlyList<PodManifest> List();

    /// <summary>A pod; null: there is none. For a mirror, the static pod behind it.</summary>
    PodManifest? Find(string ns, string name);

    /// <summary>What was last made known of a pod: its status; null: nothing yet.</summary>
    JsonObject? Status(string uid);

    /// <summary>Ends a pod for good: Failed, with reason and message, and the condition DisruptionTarget. The pod object stays.</summary>
    /// <param name="uid">The pod.</param>
    /// <param name="reason">Such as Evicted.</param>
    /// <param name="message">Why, for its owner.</param>
    /// <param name="grace">What it has to end; null: its own.</param>
    /// <param name="cancellation">Ends the waiting, not the eviction.</param>
    /// <returns>A task that completes when its containers have ended.</returns>
    Task EvictAsync(string uid, string reason, string message, TimeSpan? grace, CancellationToken cancellation);
}
