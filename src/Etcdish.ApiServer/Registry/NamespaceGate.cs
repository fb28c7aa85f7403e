using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Registry;

/// <summary>Nothing is created in a namespace that is not there or is going away.</summary>
internal sealed class NamespaceGate(IObjectStore store, ResourceDirectory resources)
{
    /// <exception cref="ApiException">The namespace takes no new objects.</exception>
    public async ValueTask CheckCreateAsync(ResourceType type, string scope, string name, CancellationToken cancellation)
    {
        if (!type.Info.IsNamespaced)
        {
            return;
        }

        var namespaces = resources.Find("", "v1", "namespaces")!;
        var found = await store.GetAsync(namespaces.KeyOf("", scope), cancellation)
            ?? throw ApiErrors.NotFound(namespaces.Info, scope);

        // A byte search is enough to tell that it is not going away, which is nearly always so.
        if (found.Value.Span.IndexOf("\"deletionTimestamp\""u8) >= 0 && ApiJson.Parse(found.Value.Span).IsBeingDeleted())
        {
            const string Cause = "NamespaceTerminating";
            throw ApiErrors.Forbidden(
                type.Info,
                name,
                $"unable to create new content in namespace {scope} because it is being terminated",
                new StatusCause(Cause, $"namespace {scope} is being terminated", "metadata.namespace"));
        }
    }
}
