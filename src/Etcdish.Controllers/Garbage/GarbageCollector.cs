using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Garbage;

/// <summary>
/// Deletes objects whose owners are gone, and what deletions in the foreground and with orphans ask for. It watches the metadata of every
/// resource there is. Its keys are uids, without a namespace. What it writes is on the condition that the object still is as it was seen:
/// an owner that was added meanwhile saves it.
/// </summary>
public sealed class GarbageCollector : Controller
{
    private const string Component = "garbage-collector-controller";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _discoveryPeriod = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _discoveryPause = TimeSpan.FromSeconds(1);

    private readonly OwnerGraph _graph;
    private readonly string? _accept;
    private readonly AbsentOwners _absent = new();
    private readonly SemaphoreSlim _discover = new(1);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Objects with owners of kinds that discovery has not shown yet.</summary>
    private readonly ConcurrentQueue<ObjectKey> _unresolved = new();
    private volatile ResourceCatalog _catalog = new();

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="asksForMetadata">Whether objects are asked for without what is not looked at here.</param>
    public GarbageCollector(ControllerContext context, bool asksForMetadata = true)
        : base(Component, context)
    {
        _graph = new OwnerGraph(uid => Queue.Add(new ObjectKey("", uid)));
        _accept = asksForMetadata ? OwnedObject.MediaType : null;
    }

    /// <summary>How many objects and owners are remembered.</summary>
    internal int Count => _graph.Count;

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        await _ready.Task.WaitAsync(cancellation);
        if (_graph.Find(key.Name) is not { } item)
        {
            return;
        }

        if (item.Object.IsOrphaning)
        {
            await OrphanAsync(item, cancellation);
        }
        else if (item.Object.IsDeletingDependents)
        {
            await WaitForDependentsAsync(item, cancellation);
        }
        else if (!item.Object.Metadata.IsBeingDeleted && item.Owners.Length > 0)
        {
            await CollectAsync(item, cancellation);
        }
    }

    /// <summary>Watches what discovery shows, also what comes later.</summary>
    protected override async Task RunInBackgroundAsync(CancellationToken cancellation)
    {
        await using var monitors = new ResourceMonitors(Context, _accept, Hear, lost => _graph.Forget(lost.Metadata.Uid));
        try
        {
            while (true)
            {
                await _discover.WaitAsync(cancellation);
                await TryDiscoverAsync(monitors, cancellation);
                await Task.Delay(_discoveryPause, Context.Clock, cancellation);
                using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                await Task.WhenAny(_discover.WaitAsync(wait.Token), Task.Delay(_discoveryPeriod, Context.Clock, wait.Token));
                await wait.CancelAsync();
                Discover();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end.
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _discover.Dispose();
        base.Dispose(disposing);
    }

    private async Task TryDiscoverAsync(ResourceMonitors monitors, CancellationToken cancellation)
    {
        try
        {
            _catalog = await ResourceCatalog.ReadAsync(Context.Client, cancellation);
            for (var left = _unresolved.Count; left > 0 && _unresolved.TryDequeue(out var key); left--)
            {
                Queue.Add(key);
            }

            await monitors.FollowAsync(_catalog.Collected);
            await monitors.Synced.WaitAsync(_patience, Context.Clock, cancellation);
        }
        catch (TimeoutException)
        {
            // Owners that no watch shows are asked for one by one.
            Context.Warn($"{Name}: not all resources can be watched; garbage is collected all the same");
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or System.Text.Json.JsonException)
        {
            Context.Warn($"{Name}: the resources could not be read: {e.Message}");
            Discover();
            return;
        }

        _ready.TrySetResult();
    }

    private void Discover()
    {
        if (_discover.CurrentCount == 0)
        {
            _discover.Release();
        }
    }

    private void Hear(ApiResource resource, ObjectMetadata? before, OwnedObject? now)
    {
        if (resource.Name is "customresourcedefinitions" or "apiservices")
        {
            Discover();
        }

        if (before is { } gone && gone.Uid != now?.Metadata.Uid)
        {
            // Its resource may go as well, and then nobody could be asked.
            _graph.Forget(gone.Uid, () =>
                _absent.Add(new OwnerName(resource.ApiVersion, resource.Kind, gone.Namespace, gone.Name, gone.Uid)));
        }

        if (now is not null)
        {
            _graph.Observe(resource, now);
        }
    }

    private async Task CollectAsync(GraphItem item, CancellationToken cancellation)
    {
        var owners = new OwnerState[item.Owners.Length];
        for (var i = 0; i < owners.Length; i++)
        {
            owners[i] = await StateOfAsync(item, item.Owners[i], cancellation);
        }

        switch (Collection.Decide(owners, item.Dependents.Length > 0))
        {
            case Fate.LosesOwners:
                var kept = item.Object.Metadata.OwnerReferences.Where((_, i) => owners[i] == OwnerState.Solid);
                await WriteOwnersAsync(item.Resource, item.Object, kept, reference => reference.BlockOwnerDeletion, cancellation);
                break;
            case Fate.GoesInForeground:
                await DeleteInForegroundAsync(item, cancellation);
                break;
            case Fate.Goes:
                var finalizers = item.Object.Metadata.Finalizers;
                await DeleteAsync(
                    item,
                    finalizers.Contains(OwnedObject.OrphanFinalizer) ? "Orphan"
                        : finalizers.Contains(OwnedObject.ForegroundFinalizer) ? "Foreground" : "Background",
                    cancellation);
                break;
        }
    }

    /// <summary>Finds out about an owner: from watches, or else from the API itself.</summary>
    private async Task<OwnerState> StateOfAsync(GraphItem item, GraphOwner owner, CancellationToken cancellation)
    {
        if (owner.Fits)
        {
            return StateOf(owner.Object!);
        }

        var reference = owner.Reference;
        var scope = item.Object.Metadata.Namespace;
        if (_absent.Contains(OwnerName.Of(reference, scope)) || _absent.Contains(OwnerName.Of(reference, "")))
        {
            return OwnerState.Absent;
        }

        if (_catalog.Find(reference.ApiVersion, reference.Kind) is not { } resource)
        {
            _unresolved.Enqueue(KeyOf(item));
            return OwnerState.Unresolved;
        }

        if (resource.IsNamespaced && (scope.Length == 0 || (owner.Object is { } elsewhere && elsewhere.Metadata.Namespace != scope)))
        {
            Complain(item, reference);
            if (scope.Length == 0)
            {
                return OwnerState.Unresolved;
            }
        }

        var place = resource.IsNamespaced ? scope : "";
        var found = await Context.Client.FindAsync(OwnedObject.ResourceOf(resource), place, reference.Name, cancellation);
        if (found is null || found.Metadata.Uid != reference.Uid)
        {
            _absent.Add(OwnerName.Of(reference, place));
            return OwnerState.Absent;
        }

        // It is there, but no watch shows it: when it goes, no watch may say so.
        Queue.AddAfter(KeyOf(item), _patience);
        return StateOf(found);
    }

    private static OwnerState StateOf(OwnedObject owner) => owner.IsDeletingDependents ? OwnerState.Waiting : OwnerState.Solid;

    /// <summary>Lets an object go that waits for what it owns, or sees that this goes.</summary>
    private async Task WaitForDependentsAsync(GraphItem item, CancellationToken cancellation)
    {
        if (!Array.Exists(item.Dependents, dependent => dependent.Blocks))
        {
            await RemoveFinalizerAsync(item, OwnedObject.ForegroundFinalizer, cancellation);
            return;
        }

        foreach (var dependent in item.Dependents)
        {
            if (dependent.Blocks && !dependent.Object.IsDeletingDependents)
            {
                Queue.Add(new ObjectKey("", dependent.Object.Metadata.Uid));
            }
        }
    }

    private async Task OrphanAsync(GraphItem item, CancellationToken cancellation)
    {
        var uid = item.Object.Metadata.Uid;
        foreach (var dependent in item.Dependents)
        {
            var kept = dependent.Object.Metadata.OwnerReferences.Where(reference => reference.Uid != uid);
            await WriteOwnersAsync(dependent.Resource, dependent.Object, kept, reference => reference.BlockOwnerDeletion, cancellation);
        }

        await RemoveFinalizerAsync(item, OwnedObject.OrphanFinalizer, cancellation);
    }

    /// <summary>
    /// Deletes an object behind what it owns. If some of that waits too, they may wait for each other in a circle: then nobody waits for
    /// this.
    /// </summary>
    private async Task DeleteInForegroundAsync(GraphItem item, CancellationToken cancellation)
    {
        var owners = item.Object.Metadata.OwnerReferences;
        if (Array.Exists(item.Dependents, dependent => dependent.Object.IsDeletingDependents)
            && Array.Exists(owners, reference => reference.BlockOwnerDeletion))
        {
            // What this changes is seen, and brings us back here.
            await WriteOwnersAsync(item.Resource, item.Object, owners, _ => false, cancellation);
            return;
        }

        await DeleteAsync(item, "Foreground", cancellation);
    }

    private Task<bool> DeleteAsync(GraphItem item, string propagation, CancellationToken cancellation)
    {
        var metadata = item.Object.Metadata;
        var options = new DeleteOptions { Uid = metadata.Uid, ResourceVersion = metadata.ResourceVersion, Propagation = propagation };
        return Context.Client.DeleteAsync(item.Resource, metadata.Namespace, metadata.Name, options, cancellation);
    }

    private Task RemoveFinalizerAsync(GraphItem item, string finalizer, CancellationToken cancellation)
    {
        var left = item.Object.Metadata.Finalizers.Where(name => name != finalizer).Select(name => (JsonNode)name);
        return PatchAsync(item.Resource, item.Object, "finalizers", new JsonArray([.. left]), cancellation);
    }

    private Task WriteOwnersAsync(
        ApiResource resource,
        OwnedObject value,
        IEnumerable<OwnerReference> owners,
        Func<OwnerReference, bool> blocks,
        CancellationToken cancellation)
    {
        var list = new JsonArray();
        foreach (var owner in owners)
        {
            var reference = new JsonObject
            {
                ["apiVersion"] = owner.ApiVersion,
                ["kind"] = owner.Kind,
                ["name"] = owner.Name,
                ["uid"] = owner.Uid,
            };
            if (owner.Controller)
            {
                reference["controller"] = true;
            }

            if (owner.BlockOwnerDeletion)
            {
                reference["blockOwnerDeletion"] = blocks(owner);
            }

            list.Add(reference);
        }

        return PatchAsync(resource, value, "ownerReferences", list, cancellation);
    }

    private async Task PatchAsync(ApiResource resource, OwnedObject value, string field, JsonArray list, CancellationToken cancellation)
    {
        var metadata = value.Metadata;
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = metadata.Uid,
                ["resourceVersion"] = metadata.ResourceVersion,
                [field] = list.Count == 0 ? null : list,
            },
        };
        try
        {
            await Context.Client.PatchAsync(resource, metadata.Namespace, metadata.Name, patch, PatchKind.Merge, "", cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            // It is gone.
        }
    }

    private void Complain(GraphItem item, OwnerReference owner)
    {
        var scope = item.Object.Metadata.Namespace;
        var name = $"[{owner.ApiVersion}/{owner.Kind}, namespace: {scope}, name: {owner.Name}, uid: {owner.Uid}]";
        Context.Events.Warning(
            item.Resource, item.Object, "OwnerRefInvalidNamespace", $"ownerRef {name} does not exist in namespace \"{scope}\"", Component);
    }

    private static ObjectKey KeyOf(GraphItem item) => new("", item.Object.Metadata.Uid);
}
