using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Admission;

/// <summary>What plugins look up. Read from the store each time, so that all servers on it decide by the same.</summary>
internal sealed class ClusterObjects(IObjectStore store, ResourceDirectory resources)
{
    private const int PageSize = 500;

    public ResourceType Type(string group, string version, string resource) => resources.Find(group, version, resource)!;

    /// <summary>All resources whose objects live in namespaces.</summary>
    public IEnumerable<ResourceType> Namespaced => resources.All.Where(type => type.Info.IsNamespaced);

    public async ValueTask<JsonObject?> FindAsync(ResourceType type, string scope, string name, CancellationToken cancellation) =>
        await store.GetAsync(type.KeyOf(scope, name), cancellation) is { } found ? ApiJson.Parse(found.Value.Span) : null;

    /// <summary>An object's bytes, for those who need a glance only.</summary>
    public ValueTask<StoredObject?> GetAsync(ResourceType type, string scope, string name, CancellationToken cancellation) =>
        store.GetAsync(type.KeyOf(scope, name), cancellation);

    /// <summary>Whether a scope has any object of a type.</summary>
    public async ValueTask<bool> AnyAsync(ResourceType type, string scope, CancellationToken cancellation) =>
        (await store.ListAsync(new StorePageRequest(type.PrefixOf(scope)) { Limit = 1 }, cancellation)).Objects.Count > 0;

    /// <summary>All objects of a scope, each with the revision that wrote it.</summary>
    public async ValueTask<List<(JsonObject Value, long Revision)>> ListAsync(
        ResourceType type, string scope, CancellationToken cancellation)
    {
        var result = new List<(JsonObject, long)>();
        var request = new StorePageRequest(type.PrefixOf(scope)) { Limit = PageSize };
        while (true)
        {
            var page = await store.ListAsync(request, cancellation);
            foreach (var item in page.Objects)
            {
                result.Add((ApiJson.Parse(item.Value.Span), item.Revision));
            }

            if (page.Remaining == 0)
            {
                return result;
            }

            var last = System.Text.Encoding.UTF8.GetString(page.Objects[^1].Key.Span);
            request = request with { StartKey = last + "\0", Revision = page.Revision };
        }
    }

    /// <summary>The objects that an annotation makes a default, the one to take first.</summary>
    public async ValueTask<JsonObject?> FindDefaultAsync(ResourceType type, string annotation, CancellationToken cancellation)
    {
        var all = await ListAsync(type, "", cancellation);
        return all.Select(item => item.Value)
            .Where(value => value.Part("metadata").Part("annotations").Text(annotation) == "true")
            .OrderByDescending(value => value.Part("metadata").Text("creationTimestamp"), StringComparer.Ordinal)
            .ThenBy(value => value.Name(), StringComparer.Ordinal)
            .FirstOrDefault();
    }
}
