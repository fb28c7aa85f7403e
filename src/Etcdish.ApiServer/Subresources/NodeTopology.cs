using System.Collections.Concurrent;
using System.Text.Json;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Subresources;

/// <summary>
/// Where nodes stand, by the labels that pods bound to them get. What was read of a node is kept with its revision: a scheduler that binds
/// thousands of pods asks for the same nodes again and again, and they hardly change.
/// </summary>
internal sealed class NodeTopology(IObjectStore store, ResourceDirectory resources)
{
    // Nodes that are gone stay known until so many are.
    private const int MaxKnown = 20_000;
    private static readonly string[] _labels = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>The labels of a node that say where it stands; none if there is no such node.</summary>
    public async ValueTask<IReadOnlyList<KeyValuePair<string, string>>> OfAsync(string node, CancellationToken cancellation)
    {
        if (await store.GetAsync(resources.Find("", "v1", "nodes")!.KeyOf("", node), cancellation) is not { } found)
        {
            return [];
        }

        if (_known.TryGetValue(node, out var known) && known.Revision == found.Revision)
        {
            return known.Labels;
        }

        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        var labels = Read(found.Value);
        _known[node] = new Known(found.Revision, labels);
        return labels;
    }

    private static KeyValuePair<string, string>[] Read(ReadOnlyMemory<byte> node)
    {
        using var document = JsonDocument.Parse(node, ApiJson.Reader);
        var labels = ObjectFacts.ReadLabels(document.RootElement);
        return [.. _labels.Where(labels.ContainsKey).Select(label => KeyValuePair.Create(label, labels[label]))];
    }

    private sealed record Known(long Revision, KeyValuePair<string, string>[] Labels);
}
