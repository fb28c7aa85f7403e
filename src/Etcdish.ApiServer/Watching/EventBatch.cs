using System.Buffers;
using System.Collections.Concurrent;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Watching;

/// <summary>Watchers that are told the same: of one version, one namespace and one selection.</summary>
/// <param name="Type">The resource in the version that is watched.</param>
/// <param name="Namespace">The namespace, or empty for all.</param>
/// <param name="Selection">The selectors, as the request has them.</param>
internal readonly record struct WatchAudience(ResourceType Type, string Namespace, string Selection);

/// <summary>
/// Changes that are told together. What one audience gets of them is put together once, when a second of its watchers asks: a watcher alone
/// in its audience takes the lines one by one, and nothing is kept for it.
/// </summary>
internal sealed class EventBatch : List<ResourceEvent>
{
    private readonly ConcurrentDictionary<WatchAudience, byte[]?> _lines = new();

    /// <summary>All lines for an audience, one behind the other; null for the first who asks.</summary>
    /// <param name="audience">The audience.</param>
    /// <param name="selection">Its selection.</param>
    public byte[]? LinesFor(WatchAudience audience, Selection selection)
    {
        if (!_lines.TryGetValue(audience, out var lines))
        {
            _lines.TryAdd(audience, null);
            return null;
        }

        // Two may do this at once; what they make is equal.
        return lines ?? (_lines[audience] = Join(audience, selection));
    }

    private byte[] Join(WatchAudience audience, Selection selection)
    {
        var joined = new ArrayBufferWriter<byte>();
        foreach (var item in this)
        {
            if (item.LineFor(audience, selection) is { } line)
            {
                joined.Write(line.Span);
            }
        }

        return joined.WrittenSpan.ToArray();
    }
}
