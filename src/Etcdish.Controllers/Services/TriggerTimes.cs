using System.Collections.Concurrent;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>
/// When what is being written about services came about, so that one can measure how long it took until nodes knew of it: the earliest of
/// the changes that have not been told of yet. Never asked for one service by two threads at once.
/// </summary>
internal sealed class TriggerTimes
{
    /// <summary>The annotation of Endpoints and their slices that tells it.</summary>
    public const string Annotation = "endpoints.kubernetes.io/last-change-trigger-time";

    private readonly ConcurrentDictionary<ObjectKey, Known> _known = [];

    /// <summary>When the change came about; null if none is known of.</summary>
    public DateTimeOffset? Take(Service service, IReadOnlyList<Pod> pods)
    {
        var created = service.Metadata.CreationTimestamp;
        _known.TryGetValue(service.Key, out var before);
        var now = new Known(service.Metadata.Uid, new Dictionary<string, DateTimeOffset>(pods.Count));
        DateTimeOffset? first = null;
        foreach (var pod in pods)
        {
            if (pod.Status.Find("Ready")?.LastTransitionTime is not { } time)
            {
                continue;
            }

            now.Pods[pod.Metadata.Name] = time;
            if (before is null || !before.Pods.TryGetValue(pod.Metadata.Name, out var old) || time > old)
            {
                first = first < time ? first : time;
            }
        }

        _known[service.Key] = now;
        return before?.ServiceUid == service.Metadata.Uid ? first : created;
    }

    public void Forget(ObjectKey service) => _known.TryRemove(service, out _);

    private sealed record Known(string ServiceUid, Dictionary<string, DateTimeOffset> Pods);
}
