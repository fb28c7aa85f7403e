using System.Collections.Concurrent;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Registry;

/// <summary>
/// Empties namespaces that are being deleted, then lets them go. What waits for somebody else (finalizers, grace periods) is looked at
/// again until it is gone, and the namespace's conditions say so. Begun with the deletion, and at the start for what a stop left behind.
/// </summary>
internal sealed class NamespaceDrain(
    IObjectStore store,
    ResourceDirectory resources,
    ObjectReader reader,
    ObjectWriter writer,
    Deletion deletion,
    MetadataRules metadata,
    Action<string> warn) : IAsyncDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);
    private static readonly DeleteOptions _options = new() { Propagation = "Background" };

    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();

    private ResourceType Namespaces => resources.Find("", "v1", "namespaces")!;

    /// <summary>Looks for namespaces that are on their way out.</summary>
    public async Task ResumeAsync(CancellationToken cancellation)
    {
        var page = await reader.ListAsync(Namespaces, "", new ListOptions(), cancellation);
        foreach (var item in page.Items)
        {
            var value = ApiJson.Parse(item.Value.Span);
            if (value.IsBeingDeleted())
            {
                Begin(value.Name());
            }
        }
    }

    /// <summary>Empties a namespace in the background, unless that is under way.</summary>
    public void Begin(string name) => _running.GetOrAdd(name, key => Task.Run(() => RunAsync(key)));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_running.Values);
        _stopping.Dispose();
    }

    private async Task RunAsync(string name)
    {
        try
        {
            while (!await TryFinishAsync(name))
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

    private async Task<bool> TryFinishAsync(string name)
    {
        try
        {
            var found = await store.GetAsync(Namespaces.KeyOf("", name), _stopping.Token);
            if (found is not { } current || !ApiJson.Parse(current.Value.Span).IsBeingDeleted())
            {
                return true;
            }

            var contents = new NamespaceContents();
            if (await EmptyAsync(name, contents) > 0)
            {
                await TellAsync(name, contents);
                return false;
            }

            await writer.UpdateAsync(
                new WriteRequest(Namespaces, "", name) { Part = UpdatePart.Finalize },
                stored =>
                {
                    stored!.Part("spec")?.Remove("finalizers");
                    return stored!;
                },
                _stopping.Token);
            return true;
        }
        catch (Exception e) when (e is ApiException or StoreUnavailableException)
        {
            warn($"namespace {name} is not empty yet: {e.Message}");
            return false;
        }
    }

    /// <summary>Deletes all there is, pods before what they may still use; returns how many objects it met.</summary>
    private async Task<int> EmptyAsync(string name, NamespaceContents contents)
    {
        var met = 0;
        foreach (var type in resources.Current.Stores.Where(type => type.Info.IsNamespaced).OrderByDescending(IsPods))
        {
            var page = await reader.ListAsync(type, name, new ListOptions(), _stopping.Token);
            foreach (var item in page.Items)
            {
                met++;
                await DeleteAsync(type, name, type.Split(System.Text.Encoding.UTF8.GetString(item.Key.Span)).Name, contents);
            }

            if (IsPods(type) && !contents.IsEmpty)
            {
                break;
            }
        }

        return met;

        static bool IsPods(ResourceType type) => type.Info is { Group: "", Name: "pods" };
    }

    private async Task DeleteAsync(ResourceType type, string scope, string name, NamespaceContents contents)
    {
        try
        {
            var deleted = await deletion.DeleteAsync(new WriteRequest(type, scope, name), _options, _stopping.Token);
            if (!deleted.IsGone)
            {
                contents.Add(type, ApiJson.Parse(deleted.Object.Span));
            }
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Gone meanwhile.
        }
        catch (ApiException e)
        {
            contents.Add(type, []);
            contents.Fail(e.Message);
        }
    }

    /// <summary>Says in the namespace what it waits for, if it waits.</summary>
    private async Task TellAsync(string name, NamespaceContents contents)
    {
        if (contents.IsEmpty)
        {
            return;
        }

        await writer.UpdateAsync(
            new WriteRequest(Namespaces, "", name) { Part = UpdatePart.Status },
            stored =>
            {
                contents.WriteTo(stored!.Ensure("status"), metadata.Now());
                return stored!;
            },
            _stopping.Token);
    }
}
