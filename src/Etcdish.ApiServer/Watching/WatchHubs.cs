using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Watching;

/// <summary>The hubs of all resources.</summary>
internal sealed class WatchHubs(ResourceDirectory resources, IObjectStore store, WatchSettings settings) : IAsyncDisposable
{
    private readonly Dictionary<ResourceType, WatchHub> _hubs =
        resources.All.ToDictionary(type => type, type => new WatchHub(type, store, settings));

    public WatchHub Of(ResourceType type) => _hubs[type];

    public async ValueTask DisposeAsync()
    {
        foreach (var hub in _hubs.Values)
        {
            await hub.DisposeAsync();
        }
    }
}
