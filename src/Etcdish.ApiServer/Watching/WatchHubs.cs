using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Watching;

/// <summary>
/// The hubs of all places in the store, each made when its first watcher comes. The hub of a resource that is gone ends, and its watchers
/// with it.
/// </summary>
internal sealed class WatchHubs : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ResourceStorage, WatchHub> _hubs = [];
    private readonly List<Task> _ending = [];
    private readonly ResourceDirectory _resources;
    private readonly IObjectStore _store;
    private readonly WatchSettings _settings;
    private bool _isStopped;

    public WatchHubs(ResourceDirectory resources, IObjectStore store, WatchSettings settings)
    {
        _resources = resources;
        _store = store;
        _settings = settings;
        resources.Changed += EndOld;
    }

    /// <summary>The hub of a resource; null if it is not served any more.</summary>
    public WatchHub? Of(ResourceType type)
    {
        lock (_lock)
        {
            if (_hubs.TryGetValue(type.Storage, out var hub))
            {
                return hub;
            }

            if (_isStopped || !_resources.Current.Contains(type.Storage))
            {
                return null;
            }

            var leastPause = type.Info is { Group: "coordination.k8s.io", Name: "leases" } ? _settings.HeartbeatPause : TimeSpan.Zero;
            return _hubs[type.Storage] = new WatchHub(type.Storage, _store, _settings, leastPause);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _resources.Changed -= EndOld;
        Task[] ending;
        lock (_lock)
        {
            _isStopped = true;
            ending = [.. _ending, .. _hubs.Values.Select(hub => hub.DisposeAsync().AsTask())];
            _hubs.Clear();
        }

        await Task.WhenAll(ending);
    }

    private void EndOld(ResourceSet current)
    {
        lock (_lock)
        {
            _ending.RemoveAll(task => task.IsCompletedSuccessfully);
            foreach (var (storage, hub) in _hubs.Where(pair => !current.Contains(pair.Key)).ToArray())
            {
                _hubs.Remove(storage);
                _ending.Add(hub.DisposeAsync().AsTask());
            }
        }
    }
}
