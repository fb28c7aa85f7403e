using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>
/// Adds and removes one of an object's finalizers, on the condition that nobody has changed the object since it was looked at.
/// </summary>
internal static class ProtectionFinalizer
{
    /// <exception cref="ApiStatusException">Somebody was faster, or the server refuses.</exception>
    public static Task AddAsync<T>(KubernetesClient client, ApiResource<T> resource, T seen, string name, CancellationToken cancellation)
        where T : KubernetesObject => WriteAsync(client, resource, seen, [.. seen.Metadata.Finalizers, name], cancellation);

    /// <exception cref="ApiStatusException">Somebody was faster, or the server refuses.</exception>
    public static Task RemoveAsync<T>(KubernetesClient client, ApiResource<T> resource, T seen, string name, CancellationToken cancellation)
        where T : KubernetesObject =>
        WriteAsync(client, resource, seen, [.. seen.Metadata.Finalizers.Where(finalizer => finalizer != name)], cancellation);

    private static async Task WriteAsync<T>(
        KubernetesClient client, ApiResource<T> resource, T seen, string[] finalizers, CancellationToken cancellation)
        where T : KubernetesObject
    {
        var metadata = new JsonObject
        {
            ["resourceVersion"] = seen.Metadata.ResourceVersion,
            ["uid"] = seen.Metadata.Uid,
            ["finalizers"] = finalizers.Length == 0 ? null : new JsonArray([.. finalizers.Select(finalizer => (JsonNode)finalizer)]),
        };
        var patch = new JsonObject { ["metadata"] = metadata };
        try
        {
            await client.PatchAsync(resource, seen.Metadata.Namespace, seen.Metadata.Name, patch, PatchKind.Merge, "", cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            // What is gone needs no protection.
        }
    }
}
