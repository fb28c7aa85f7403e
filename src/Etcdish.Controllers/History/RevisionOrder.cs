using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.History;

/// <summary>What is to be done to have a revision of a template.</summary>
/// <param name="Equal">The revision that is equal to it, or null: one is to be made.</param>
/// <param name="Number">The number that it is to have.</param>
internal readonly record struct RevisionChoice(ControllerRevision? Equal, long Number);

/// <summary>Decides about the revisions of a set, which are in the order of their numbers.</summary>
internal static class RevisionOrder
{
    /// <summary>The revisions in their order: by number, then by age, then by name.</summary>
    public static List<ControllerRevision> Sorted(IEnumerable<ControllerRevision> revisions) =>
    [
        .. revisions.OrderBy(r => r.Revision)
            .ThenBy(r => r.Metadata.CreationTimestamp)
            .ThenBy(r => r.Metadata.Name, StringComparer.Ordinal),
    ];

    /// <summary>
    /// The revision of what is wanted now. If it was wanted before, but not last, the old revision becomes the newest: a way back is no new
    /// state.
    /// </summary>
    /// <param name="revisions">In their order.</param>
    /// <param name="data">What is wanted now.</param>
    public static RevisionChoice Choose(IReadOnlyList<ControllerRevision> revisions, JsonObject data)
    {
        var next = revisions.Count == 0 ? 1 : revisions[^1].Revision + 1;
        for (var i = revisions.Count - 1; i >= 0; i--)
        {
            if (RevisionData.AreEqual(revisions[i].Data, data))
            {
                return new RevisionChoice(revisions[i], i == revisions.Count - 1 ? revisions[i].Revision : next);
            }
        }

        return new RevisionChoice(null, next);
    }

    /// <summary>The revisions that are too many: the oldest of those that nothing needs any more.</summary>
    /// <param name="revisions">In their order.</param>
    /// <param name="isLive">Whether one is needed.</param>
    /// <param name="limit">How many that are not needed may stay.</param>
    public static IReadOnlyList<ControllerRevision> Surplus(
        IReadOnlyList<ControllerRevision> revisions, Predicate<ControllerRevision> isLive, int limit)
    {
        var idle = revisions.Where(revision => !isLive(revision)).ToList();
        return limit < 0 || idle.Count <= limit ? [] : idle[..(idle.Count - limit)];
    }
}
