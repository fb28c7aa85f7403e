using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Ownership;

/// <summary>
/// Creates and deletes, and knows the outcome. When a connection breaks before the answer, the request may or may not have been carried out;
/// it is repeated until the server answers, in a way that does it once: creations by a name of their own, deletions by uid.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="clock">The clock of the pauses between attempts.</param>
internal sealed class SureWrites(KubernetesClient client, TimeProvider clock)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    /// <summary>Creates an object that names its controller.</summary>
    /// <param name="resource">Its resource.</param>
    /// <param name="ns">Its namespace.</param>
    /// <param name="value">The object. If it has no name it is given one by its generateName.</param>
    /// <param name="cancellation">Ends it; the outcome is unknown then.</param>
    /// <exception cref="ApiStatusException">It was not created.</exception>
    public async Task<T> CreateAsync<T>(ApiResource<T> resource, string ns, JsonObject value, CancellationToken cancellation)
        where T : KubernetesObject
    {
        var metadata = value["metadata"]!.AsObject();
        var prefix = metadata["name"] is null ? metadata["generateName"]!.GetValue<string>() : null;
        var ownerUid = metadata["ownerReferences"]![0]!["uid"]!.GetValue<string>();
        while (true)
        {
            metadata["name"] = prefix is null ? metadata["name"]!.GetValue<string>() : GeneratedName.From(prefix);
            var name = metadata["name"]!.GetValue<string>();
            var isRepeated = false;
            try
            {
                return await UntilAnsweredAsync(
                    () => client.CreateAsync(resource, ns, value, cancellation), () => isRepeated = true, cancellation);
            }
            catch (ApiStatusException e) when (e.IsAlreadyExists)
            {
                if (isRepeated && await FindOwnAsync(resource, ns, name, ownerUid, cancellation) is { } created)
                {
                    return created;
                }

                if (prefix is null)
                {
                    throw;
                }
            }
        }
    }

    /// <summary>Deletes an object of this uid. False if there is none any more.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    public async Task<bool> DeleteAsync(ApiResource resource, KubernetesObject value, CancellationToken cancellation)
    {
        var options = new DeleteOptions { Uid = value.Metadata.Uid };
        try
        {
            return await UntilAnsweredAsync(
                () => client.DeleteAsync(resource, value.Metadata.Namespace, value.Metadata.Name, options, cancellation), () => { }, cancellation);
        }
        catch (ApiStatusException e) when (e.IsConflict)
        {
            // Another object has its name.
            return false;
        }
    }

    /// <summary>Whether a failure leaves open what was done.</summary>
    private static bool IsOutcomeUnknown(Exception e, CancellationToken cancellation) => e switch
    {
        HttpRequestException or IOException => true,
        OperationCanceledException => !cancellation.IsCancellationRequested,
        ApiStatusException status => status.Code == 504,
        _ => false,
    };

    private async Task<TAnswer> UntilAnsweredAsync<TAnswer>(Func<Task<TAnswer>> send, Action onRepeat, CancellationToken cancellation)
    {
        for (var pause = _firstPause; ; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
        {
            try
            {
                return await send();
            }
            catch (Exception e) when (IsOutcomeUnknown(e, cancellation))
            {
                onRepeat();
            }

            await Task.Delay(pause, clock, cancellation);
        }
    }

    private async Task<T?> FindOwnAsync<T>(ApiResource<T> resource, string ns, string name, string ownerUid, CancellationToken cancellation)
        where T : KubernetesObject
    {
        var there = await UntilAnsweredAsync(() => client.FindAsync(resource, ns, name, cancellation), () => { }, cancellation);
        return there is not null && there.Metadata.IsControlledBy(ownerUid) ? there : null;
    }
}
