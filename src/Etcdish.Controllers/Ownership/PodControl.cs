using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Ownership;

/// <summary>Creates and deletes the pods of owners, expects to see that happen, and tells users of it by events of the owner.</summary>
/// <param name="context">What all controllers share.</param>
/// <param name="resource">The owners' resource.</param>
/// <param name="component">Who tells, such as <c>replicaset-controller</c>.</param>
internal sealed class PodControl<TOwner>(ControllerContext context, ApiResource<TOwner> resource, string component)
    where TOwner : KubernetesObject
{
    private readonly SureWrites _writes = new(context.Client, context.Clock);

    /// <summary>What has been written and not been seen yet, by owner. <see cref="OwnerWatch{TOwner}"/> is to be given it.</summary>
    public Expectations Expectations { get; } = new(context.Clock);

    /// <summary>Creates many pods, a few first (<see cref="SlowStart"/>), and expects to see them.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="count">How many.</param>
    /// <param name="make">Makes each, given its number from 0 on.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The first failure; null if there was none, or only since the namespace is on its way out.</returns>
    public async Task<ApiStatusException?> CreateManyAsync(
        TOwner owner, int count, Func<int, JsonObject> make, CancellationToken cancellation)
    {
        Expectations.ExpectCreations(owner.Key, count);
        var done = 0;
        try
        {
            (done, var failure) = await SlowStart.RunAsync(count, (number, stop) => CreateAsync(owner, make(number), stop), cancellation);
            return failure is { IsNamespaceTerminating: true } ? null : failure;
        }
        finally
        {
            for (var missing = done; missing < count; missing++)
            {
                Expectations.CreationSeen(owner.Key);
            }
        }
    }

    /// <summary>Creates one pod. Nothing is expected.</summary>
    /// <exception cref="ApiStatusException">It was not created.</exception>
    public async Task<Pod> CreateAsync(TOwner owner, JsonObject pod, CancellationToken cancellation)
    {
        try
        {
            var created = await _writes.CreateAsync(Resources.Pods, owner.Metadata.Namespace, pod, cancellation);
            context.Events.Normal(resource, owner, "SuccessfulCreate", $"Created pod: {created.Metadata.Name}", component);
            return created;
        }
        catch (ApiStatusException e) when (!e.IsNamespaceTerminating)
        {
            context.Events.Warning(resource, owner, "FailedCreate", $"Error creating: {e.Message}", component);
            throw;
        }
    }

    /// <summary>Deletes pods, all at once, and expects to see them go.</summary>
    /// <returns>The first failure, or null.</returns>
    public async Task<ApiStatusException?> DeleteManyAsync(TOwner owner, IReadOnlyList<Pod> pods, CancellationToken cancellation)
    {
        Expectations.ExpectDeletions(owner.Key, pods.Select(pod => pod.Metadata.Uid));
        var (_, failure) = await SlowStart.RunAllAsync(0, pods.Count, DeleteExpectedAsync, cancellation);
        return failure;

        async Task DeleteExpectedAsync(int number, CancellationToken stop)
        {
            var isUnderWay = false;
            try
            {
                isUnderWay = await DeleteAsync(owner, pods[number], stop);
            }
            finally
            {
                // Not deleted, or gone already and perhaps seen to go before it was expected.
                if (!isUnderWay)
                {
                    Expectations.DeletionSeen(owner.Key, pods[number].Metadata.Uid);
                }
            }
        }
    }

    /// <summary>Deletes one pod. False if it was gone. Nothing is expected.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    public async Task<bool> DeleteAsync(TOwner owner, Pod pod, CancellationToken cancellation)
    {
        try
        {
            var wasThere = await _writes.DeleteAsync(Resources.Pods, pod, cancellation);
            if (wasThere)
            {
                context.Events.Normal(resource, owner, "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}", component);
            }

            return wasThere;
        }
        catch (ApiStatusException e)
        {
            context.Events.Warning(resource, owner, "FailedDelete", $"Error deleting: {e.Message}", component);
            throw;
        }
    }
}
