using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Informers;

namespace Etcdish.Kubelet.Volumes;

/// <summary>
/// The objects that this node's pods name. A config map or secret has one watch while a pod uses it, however many do; what no pod uses is
/// asked for. Services come by one watch of them all, which runs in <see cref="RunAsync"/>.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="clock">The clock of pauses.</param>
/// <param name="warn">Is told, a line each, what goes wrong.</param>
internal sealed class ObjectSource(KubernetesClient client, TimeProvider clock, Action<string> warn) : IObjectSource, IAsyncDisposable
{
    /// <summary>How long a watch may take to tell what is there, before it is asked for.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan _answerPatience = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectReference, WatchedObject> _watched = [];
    private readonly Dictionary<string, HashSet<ObjectReference>> _pods = [];
    private readonly HashSet<Task> _running = [];
    private readonly Informer<SourceObject> _services = new(client, SourceObject.Services, clock, warn);

    /// <summary>Is told the uid of a pod when something that it uses has changed; on a thread that must not be held up.</summary>
    public event Action<string>? PodTouched;

    /// <inheritdoc/>
    public Task ServicesSynced => _services.Synced;

    /// <summary>How many objects are watched.</summary>
    public int WatchCount
    {
        get
        {
            lock (_lock)
            {
                return _watched.Count;
            }
        }
    }

    /// <summary>Follows the services until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => _services.RunAsync(cancellation);

    /// <summary>Follows, from now on, what a pod uses, and no longer what it used before.</summary>
    public void Register(PodManifest pod) => Follow(pod.Uid, PodReferences.Of(pod));

    /// <summary>No longer follows what only this pod uses.</summary>
    public void Unregister(string uid) => Follow(uid, []);

    /// <inheritdoc/>
    public Task<JsonObject?> FindConfigMapAsync(string ns, string name, CancellationToken cancellation) =>
        FindAsync(new ObjectReference(false, ns, name), cancellation);

    /// <inheritdoc/>
    public Task<JsonObject?> FindSecretAsync(string ns, string name, CancellationToken cancellation) =>
        FindAsync(new ObjectReference(true, ns, name), cancellation);

    /// <inheritdoc/>
    public async Task<JsonObject?> FindAsync(string path, CancellationToken cancellation)
    {
        try
        {
            var answer = client.SendAsync(HttpMethod.Get, path, null, null, cancellation);
            return JsonTree.ParseObject(await answer.WaitAsync(_answerPatience, clock, cancellation));
        }
        catch (TimeoutException e)
        {
            throw new HttpRequestException($"the API does not answer: {path}", e);
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<JsonObject> ListServices(string ns) =>
    [
        .. _services.All
            .Where(service => service.Metadata.Namespace == ns || service.Metadata is { Namespace: "default", Name: "kubernetes" })
            .Select(service => service.Json),
    ];

    /// <summary>Ends all watches.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_lock)
        {
            foreach (var watched in _watched.Values)
            {
                watched.Dispose();
            }

            _watched.Clear();
            _pods.Clear();
            running = [.. _running];
        }

        await Task.WhenAll(running);
    }

    private async Task<JsonObject?> FindAsync(ObjectReference reference, CancellationToken cancellation)
    {
        WatchedObject? watched;
        lock (_lock)
        {
            watched = _watched.GetValueOrDefault(reference);
        }

        if (watched is not null && await IsSyncedAsync(watched, cancellation))
        {
            return watched.Current;
        }

        // A watch that tells nothing does not say why; the answer to a question does.
        var resource = reference.IsSecret ? SourceObject.Secrets : SourceObject.ConfigMaps;
        return await FindAsync(resource.Path(reference.Namespace, reference.Name), cancellation);
    }

    private async Task<bool> IsSyncedAsync(WatchedObject watched, CancellationToken cancellation)
    {
        try
        {
            await watched.Synced.WaitAsync(_patience, clock, cancellation);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void Follow(string uid, HashSet<ObjectReference> now)
    {
        lock (_lock)
        {
            var before = _pods.GetValueOrDefault(uid) ?? [];
            foreach (var reference in now.Except(before))
            {
                Watch(reference).Users.Add(uid);
            }

            foreach (var reference in before.Except(now))
            {
                var watched = _watched[reference];
                watched.Users.Remove(uid);
                if (watched.Users.Count == 0)
                {
                    watched.Dispose();
                    _watched.Remove(reference);
                }
            }

            if (now.Count > 0)
            {
                _pods[uid] = now;
            }
            else
            {
                _pods.Remove(uid);
            }
        }
    }

    private WatchedObject Watch(ObjectReference reference)
    {
        if (!_watched.TryGetValue(reference, out var watched))
        {
            watched = new WatchedObject(client, reference, clock, warn, Tell);
            _watched[reference] = watched;
            var running = watched.RunAsync();
            _running.Add(running);
            _ = running.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        return watched;
    }

    private void Forget(Task ended)
    {
        lock (_lock)
        {
            _running.Remove(ended);
        }
    }

    private void Tell(WatchedObject watched)
    {
        string[] users;
        lock (_lock)
        {
            users = [.. watched.Users];
        }

        foreach (var uid in users)
        {
            PodTouched?.Invoke(uid);
        }
    }
}
