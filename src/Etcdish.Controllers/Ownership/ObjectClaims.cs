using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Ownership;

/// <summary>
/// Settles which objects an owner manages: it keeps those that name it as their controller and that its selector matches, takes up those that
/// match and have no controller, and lets go of those that no longer match.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="resource">What is managed.</param>
/// <param name="cache">What is known of it.</param>
/// <param name="finalizer">Is put on what is taken up, unless null.</param>
internal sealed class ObjectClaims<T>(KubernetesClient client, ApiResource<T> resource, ObjectCache<T> cache, string? finalizer = null)
    where T : KubernetesObject
{
    private readonly OwnedObjects<T> _owned = OwnedObjects<T>.In(cache);

    /// <summary>What is to be done about an object.</summary>
    /// <param name="value">The object.</param>
    /// <param name="owner">Who looks at it.</param>
    /// <param name="isMatch">Whether the owner's selector matches it.</param>
    public static ClaimVerdict Judge(ObjectMetadata value, ObjectMetadata owner, bool isMatch)
    {
        if (value.Controller is { } controller)
        {
            return controller.Uid != owner.Uid ? ClaimVerdict.Ignore
                : isMatch ? ClaimVerdict.Keep
                : owner.IsBeingDeleted ? ClaimVerdict.Ignore
                : ClaimVerdict.Release;
        }

        return isMatch && !owner.IsBeingDeleted && !value.IsBeingDeleted && value.Namespace == owner.Namespace
            ? ClaimVerdict.Adopt
            : ClaimVerdict.Ignore;
    }

    /// <summary>The objects that are an owner's now, also those that are being deleted or have ended.</summary>
    /// <param name="ownerResource">The owner's resource.</param>
    /// <param name="owner">The owner.</param>
    /// <param name="isMatch">Whether the owner's selector matches.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ApiStatusException">An object could not be taken up or let go.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<List<T>> ClaimAsync<TOwner>(
        ApiResource<TOwner> ownerResource, TOwner owner, Func<T, bool> isMatch, CancellationToken cancellation)
        where TOwner : KubernetesObject
    {
        var owned = _owned.Of(owner.Metadata.Uid);
        List<T> own = new(owned.Count);
        foreach (var value in owned)
        {
            var verdict = Judge(value.Metadata, owner.Metadata, isMatch(value));
            if (verdict == ClaimVerdict.Keep)
            {
                own.Add(value);
            }
            else if (verdict == ClaimVerdict.Release)
            {
                await ReleaseAsync(value, owner, cancellation);
            }
        }

        await AdoptAsync(ownerResource, owner, isMatch, own, cancellation);
        return own;
    }

    private async Task AdoptAsync<TOwner>(
        ApiResource<TOwner> ownerResource, TOwner owner, Func<T, bool> isMatch, List<T> own, CancellationToken cancellation)
        where TOwner : KubernetesObject
    {
        var isSure = false;
        foreach (var value in _owned.OrphansIn(owner.Metadata.Namespace))
        {
            if (Judge(value.Metadata, owner.Metadata, isMatch(value)) != ClaimVerdict.Adopt)
            {
                continue;
            }

            if (!isSure && !await IsStillThereAsync(ownerResource, owner, cancellation))
            {
                return;
            }

            isSure = true;
            if (await AdoptAsync(ownerResource, owner, value, cancellation) is { } adopted)
            {
                own.Add(adopted);
            }
        }
    }

    /// <summary>
    /// Asks the server, since the cache may lag: an owner that is going would take what it took up with it, or leave it behind for ever.
    /// </summary>
    private async Task<bool> IsStillThereAsync<TOwner>(ApiResource<TOwner> ownerResource, TOwner owner, CancellationToken cancellation)
        where TOwner : KubernetesObject
    {
        var now = await client.FindAsync(ownerResource, owner.Metadata.Namespace, owner.Metadata.Name, cancellation);
        return now is { Metadata.IsBeingDeleted: false } && now.Metadata.Uid == owner.Metadata.Uid;
    }

    private async Task<T?> AdoptAsync(ApiResource ownerResource, KubernetesObject owner, T value, CancellationToken cancellation)
    {
        var metadata = new JsonObject
        {
            ["uid"] = value.Metadata.Uid,
            ["ownerReferences"] = new JsonArray(OwnerReference.ToController(ownerResource, owner)),
        };
        if (finalizer is not null)
        {
            metadata["finalizers"] = new JsonArray(finalizer);
        }

        try
        {
            return await client.PatchAsync(
                resource, value.Metadata.Namespace, value.Metadata.Name, new JsonObject { ["metadata"] = metadata }, PatchKind.Strategic, "", cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone, or another object of its name by now.
            return null;
        }
    }

    private async Task ReleaseAsync(T value, KubernetesObject owner, CancellationToken cancellation)
    {
        var metadata = new JsonObject
        {
            ["uid"] = value.Metadata.Uid,
            ["ownerReferences"] = new JsonArray(new JsonObject { ["$patch"] = "delete", ["uid"] = owner.Metadata.Uid }),
        };
        if (finalizer is not null)
        {
            metadata["$deleteFromPrimitiveList/finalizers"] = new JsonArray(finalizer);
        }

        try
        {
            await client.PatchAsync(
                resource, value.Metadata.Namespace, value.Metadata.Name, new JsonObject { ["metadata"] = metadata }, PatchKind.Strategic, "", cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound || e.IsConflict || e.Code == 422)
        {
            // Gone, another object of its name by now, or released already.
        }
    }
}
