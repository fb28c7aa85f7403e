using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>
/// Removes the finalizers of pods, and remembers of which until that is seen: a pod that is counted must not be taken for one that is not,
/// since the cache shows it as it was. For use by many threads.
/// </summary>
internal sealed class FinalizerRemoval
{
    private readonly ControllerContext _context;
    private readonly Informer<Pod> _pods;
    private readonly ConcurrentDictionary<string, bool> _unseen = [];

    /// <summary>Makes one; before the informers run.</summary>
    public FinalizerRemoval(ControllerContext context)
    {
        _context = context;
        _pods = context.Informers.Of(Resources.Pods);
        _pods.Subscribe((before, now) =>
        {
            if (before is not null && now?.Metadata.Uid != before.Metadata.Uid)
            {
                _unseen.TryRemove(before.Metadata.Uid, out _);
            }

            if (now is not null && !now.IsTracked())
            {
                _unseen.TryRemove(now.Metadata.Uid, out _);
            }
        });
    }

    /// <summary>Whether the finalizer of a pod has been removed, and the cache does not show that yet.</summary>
    /// <param name="uid">The pod's uid.</param>
    public bool IsUnseen(string uid) => _unseen.ContainsKey(uid);

    /// <summary>Removes finalizers.</summary>
    /// <returns>The uids of pods that hold none now, and the first failure or null.</returns>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<(IReadOnlyCollection<string> Removed, ApiStatusException? Failure)> RemoveAsync(
        IReadOnlyList<Pod> pods, CancellationToken cancellation)
    {
        var removed = new ConcurrentBag<string>();
        var (_, failure) = await SlowStart.RunAllAsync(0, pods.Count, RemoveOneAsync, cancellation);
        return (removed, failure);

        async Task RemoveOneAsync(int number, CancellationToken stop)
        {
            await RemoveAsync(pods[number], stop);
            removed.Add(pods[number].Metadata.Uid);
        }
    }

    private async Task RemoveAsync(Pod pod, CancellationToken cancellation)
    {
        var uid = pod.Metadata.Uid;
        _unseen[uid] = true;
        if (_pods.Find(pod.Key)?.Metadata.Uid != uid)
        {
            // It went before it was noted here, so nobody will tell of it.
            _unseen.TryRemove(uid, out _);
        }

        try
        {
            var metadata = new JsonObject { ["uid"] = uid, ["$deleteFromPrimitiveList/finalizers"] = new JsonArray(JobPods.Finalizer) };
            await _context.Client.PatchAsync(
                Resources.Pods, pod.Metadata.Namespace, pod.Metadata.Name, new JsonObject { ["metadata"] = metadata }, PatchKind.Strategic, "",
                cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone, or another pod of its name by now.
        }
        catch
        {
            _unseen.TryRemove(uid, out _);
            throw;
        }
    }
}
