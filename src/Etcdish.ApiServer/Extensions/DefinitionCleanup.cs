using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Extensions;

/// <summary>
/// Deletes all objects of a definition that is being deleted, then lets it go. Objects with finalizers are waited for. Begun whenever
/// such a definition is seen, so also after a restart; several servers may be at it at once.
/// </summary>
internal sealed class DefinitionCleanup(
    ResourceDirectory resources, ObjectReader reader, ObjectWriter writer, Deletion deletion, MetadataRules metadata, Action<string> warn)
    : IAsyncDisposable
{
    public const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(250);
    private static readonly DeleteOptions _options = new() { Propagation = "Background" };

    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();

    private ResourceType Definitions => resources.Find("apiextensions.k8s.io", "v1", "customresourcedefinitions")!;

    /// <summary>Begins in the background, unless that is under way.</summary>
    /// <param name="name">The definition.</param>
    /// <param name="objects">Its resource; null if it was never served, so that there are none.</param>
    public void Begin(string name, ResourceType? objects) => _running.GetOrAdd(name, key => Task.Run(() => RunAsync(key, objects)));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_running.Values);
        _stopping.Dispose();
    }

    private async Task RunAsync(string name, ResourceType? objects)
    {
        try
        {
            while (!await TryFinishAsync(name, objects))
            {
                await Task.Delay(_pause, _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; the next start goes on.
        }
        finally
        {
            _running.TryRemove(name, out _);
        }
    }

    private async Task<bool> TryFinishAsync(string name, ResourceType? objects)
    {
        try
        {
            // Twice, for a creation may have been under way that did not know of the deletion yet.
            if (objects is not null && (await EmptyAsync(objects) > 0 || await IsFilledAgainAsync(objects)))
            {
                return false;
            }

            await ReleaseAsync(name, objects is not null);
            return true;
        }
        catch (ApiException e) when (e.Code == 404)
        {
            return true;
        }
        catch (Exception e) when (e is ApiException or StoreUnavailableException)
        {
            warn($"the objects of the custom resource definition {name} are not deleted yet: {e.Message}");
            return false;
        }
    }

    /// <summary>Deletes all there is; returns how many objects it met.</summary>
    private async Task<int> EmptyAsync(ResourceType objects)
    {
        var page = await reader.ListAsync(objects, "", new ListOptions(), _stopping.Token);
        foreach (var item in page.Items)
        {
            var (scope, name) = objects.Split(Encoding.UTF8.GetString(item.Key.Span));
            try
            {
                await deletion.DeleteAsync(new WriteRequest(objects, scope, name), _options, _stopping.Token);
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // Gone meanwhile.
            }
        }

        return page.Items.Count;
    }

    private async Task<bool> IsFilledAgainAsync(ResourceType objects)
    {
        await Task.Delay(_pause, _stopping.Token);
        return await EmptyAsync(objects) > 0;
    }

    private async Task ReleaseAsync(string name, bool hadObjects)
    {
        var (reason, message) = hadObjects
            ? ("InstanceDeletionCompleted", "removed all instances")
            : ("NeverEstablished", "resource was never established");
        await writer.UpdateAsync(new WriteRequest(Definitions, "", name) { Part = UpdatePart.Status }, stored =>
        {
            RequireDeletion(name, stored!);
            Conditions.Set(stored!.Ensure("status"), "Terminating", false, reason, message, metadata.Now());
            return stored!;
        }, _stopping.Token);
        await writer.UpdateAsync(new WriteRequest(Definitions, "", name), stored =>
        {
            RequireDeletion(name, stored!);
            var left = stored!.Metadata().Items("finalizers").Select(f => f!.GetValue<string>()).Where(f => f != Finalizer).ToArray();
            stored!.Metadata()["finalizers"] = new JsonArray([.. left.Select(f => (JsonNode)f)]);
            return stored!;
        }, _stopping.Token);
    }

    /// <summary>A definition of the same name may have come meanwhile.</summary>
    private void RequireDeletion(string name, JsonObject definition)
    {
        if (!definition.IsBeingDeleted())
        {
            throw ApiErrors.NotFound(Definitions.Info, name);
        }
    }
}
