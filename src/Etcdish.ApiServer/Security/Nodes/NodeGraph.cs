using System.Text;
using System.Text.Json;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Security.Nodes;

/// <summary>
/// Which objects each node has to do with, by the pods that are bound to it. Kept up to date by one watch of all pods, which begins when
/// the first node asks: a cluster whose nodes are not asked for their name has no use for it. Safe for use by many threads.
/// </summary>
internal sealed class NodeGraph(IObjectStore store, string rootPrefix, Action<string> warn)
    : StoreFollower(store, ResourceDirectory.PrefixOf(rootPrefix, "", "pods"), "pods of nodes", warn)
{
    private const int PageSize = 500;

    private readonly IObjectStore _store = store;
    private readonly string _prefix = ResourceDirectory.PrefixOf(rootPrefix, "", "pods");
    private readonly Action<string> _warn = warn;
    private readonly Lock _lock = new();
    private readonly Lock _startLock = new();
    private readonly Dictionary<string, PodEdges> _pods = new(StringComparer.Ordinal);

    // How many pods of the node name the object.
    private readonly Dictionary<string, Dictionary<NodeReference, int>> _nodes = new(StringComparer.Ordinal);
    private Task? _started;

    /// <summary>Whether a node has to do with an object.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer, or does not tell which pods were bound last.</exception>
    public async ValueTask<bool> RelatesAsync(string node, NodeReference reference, CancellationToken cancellation)
    {
        await EnsureStartedAsync().WaitAsync(cancellation);

        // The kubelet may have heard of a new pod before this did; and with a pod that is gone its node's rights are.
        await CatchUpAsync(cancellation);
        lock (_lock)
        {
            return _nodes.TryGetValue(node, out var known) && known.ContainsKey(reference);
        }
    }

    /// <summary>The claims for volumes of a node's pods.</summary>
    public IReadOnlyList<NodeReference> ClaimsOf(string node)
    {
        lock (_lock)
        {
            return _nodes.TryGetValue(node, out var known)
                ? [.. known.Keys.Where(reference => reference.Kind == ReferenceKind.VolumeClaim)]
                : [];
        }
    }

    protected override async Task<long> LoadAsync(CancellationToken cancellation)
    {
        HashSet<string> there = new(StringComparer.Ordinal);
        var request = new StorePageRequest(_prefix) { Limit = PageSize };
        while (true)
        {
            using var page = await _store.ListAsync(request, cancellation);
            foreach (var item in page.Objects)
            {
                var key = Encoding.UTF8.GetString(item.Key.Span);
                there.Add(key);
                Put(key, Read(key, item.Value));
            }

            if (page.Remaining == 0)
            {
                Keep(there);
                return page.Revision;
            }

            request = request with { StartKey = Encoding.UTF8.GetString(page.Objects[^1].Key.Span) + "\0", Revision = page.Revision };
        }
    }

    protected override void Apply(IReadOnlyList<StoreChange> changes)
    {
        foreach (var change in changes)
        {
            Put(change.Key, change.Value is { } value ? Read(change.Key, value) : null);
        }
    }

    /// <summary>Starts it once; a start that failed is tried again by who asks next.</summary>
    private Task EnsureStartedAsync()
    {
        lock (_startLock)
        {
            if (_started is null || _started.IsFaulted)
            {
                _started = StartAsync(CancellationToken.None);
            }

            return _started;
        }
    }

    /// <summary>A pod's node and what it names; null: it is bound to none. What cannot be read relates nothing.</summary>
    private PodEdges? Read(string key, ReadOnlyMemory<byte> value)
    {
        try
        {
            var pod = ApiJson.Parse(value.Span);
            return pod.Part("spec").Text("nodeName") is { Length: > 0 } node ? new PodEdges(node, [.. PodReferences.Of(pod)]) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            _warn($"{key} is no pod, and no node may read what it names: {e.Message}");
            return null;
        }
    }

    private void Keep(HashSet<string> there)
    {
        lock (_lock)
        {
            foreach (var gone in _pods.Keys.Where(key => !there.Contains(key)).ToArray())
            {
                Remove(gone);
            }
        }
    }

    private void Put(string key, PodEdges? edges)
    {
        lock (_lock)
        {
            if (edges is not null && _pods.TryGetValue(key, out var known) && known.Node == edges.Node
                && known.All.AsSpan().SequenceEqual(edges.All))
            {
                return;
            }

            Remove(key);
            if (edges is null)
            {
                return;
            }

            _pods[key] = edges;
            if (!_nodes.TryGetValue(edges.Node, out var counts))
            {
                _nodes[edges.Node] = counts = [];
            }

            foreach (var reference in edges.All)
            {
                counts[reference] = counts.GetValueOrDefault(reference) + 1;
            }
        }
    }

    private void Remove(string key)
    {
        if (!_pods.Remove(key, out var edges))
        {
            return;
        }

        var counts = _nodes[edges.Node];
        foreach (var reference in edges.All)
        {
            if (counts[reference] == 1)
            {
                counts.Remove(reference);
            }
            else
            {
                counts[reference]--;
            }
        }

        if (counts.Count == 0)
        {
            _nodes.Remove(edges.Node);
        }
    }

    /// <summary>A pod's node, and what it names.</summary>
    private sealed record PodEdges(string Node, NodeReference[] All);
}
