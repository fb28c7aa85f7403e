using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Nodes;

/// <summary>Gives every node a part of the pods' addresses. Which parts are taken is what nodes say; its keys are nodes.</summary>
public sealed class NodeRangeController : Controller
{
    /// <summary>When a node is looked at again for which no range was left.</summary>
    private static readonly TimeSpan _retry = TimeSpan.FromSeconds(30);

    private readonly Informer<Node> _nodes;
    private readonly AddressRanges[] _ranges;

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="network">The range of all pods' addresses, or one of each family with a comma between.</param>
    /// <param name="maskSize">How many bits name a node's range of IPv4.</param>
    /// <param name="maskSizeV6">How many bits name a node's range of IPv6.</param>
    /// <exception cref="ArgumentException">A range is wrong.</exception>
    public NodeRangeController(ControllerContext context, string network, int maskSize, int maskSizeV6)
        : base("node-ipam-controller", context)
    {
        _ranges = [.. network.Split(',', StringSplitOptions.TrimEntries)
            .Select(range => new AddressRanges(range, range.Contains(':', StringComparison.Ordinal) ? maskSizeV6 : maskSize))];
        _nodes = context.Informers.Of(Resources.Nodes);
        _nodes.Subscribe((before, now) =>
        {
            if (before is not null && before.Metadata.Uid != now?.Metadata.Uid)
            {
                ForEach(RangesOf(before), (range, part) => range.Release(part));
            }

            if (now is not null)
            {
                ForEach(RangesOf(now), (range, part) => range.Occupy(part));
                if (RangesOf(now).Length == 0)
                {
                    Queue.Add(now.Key);
                }
            }
        });
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_nodes.Find(key) is not { Metadata.IsBeingDeleted: false } node || RangesOf(node).Length > 0)
        {
            return;
        }

        if (TryTake() is not { } parts)
        {
            Context.Events.Normal(
                Resources.Nodes, node, "CIDRNotAvailable", $"Node {node} status is now: CIDRNotAvailable", "cidrAllocator");
            Queue.AddAfter(key, _retry);
            return;
        }

        var isWritten = false;
        try
        {
            await WriteAsync(node, parts, cancellation);
            isWritten = true;
        }
        finally
        {
            if (!isWritten && await IsUnusedAsync(node, parts))
            {
                ForEach(parts, (range, part) => range.Release(part));
            }
        }
    }

    private string[]? TryTake()
    {
        List<string> parts = [];
        foreach (var range in _ranges)
        {
            if (range.Take() is not { } part)
            {
                ForEach(parts, (r, p) => r.Release(p));
                return null;
            }

            parts.Add(part);
        }

        return [.. parts];
    }

    private Task<Node> WriteAsync(Node node, string[] parts, CancellationToken cancellation)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node.Metadata.ResourceVersion, ["uid"] = node.Metadata.Uid },
            ["spec"] = new JsonObject
            {
                ["podCIDR"] = parts[0],
                ["podCIDRs"] = new JsonArray([.. parts.Select(part => (JsonNode)part)]),
            },
        };
        return Context.Client.PatchAsync(Resources.Nodes, "", node.Metadata.Name, patch, PatchKind.Merge, "", cancellation);
    }

    /// <summary>
    /// Whether a write that failed has left nothing behind; if nobody can tell, the parts stay taken until the next start.
    /// </summary>
    private async Task<bool> IsUnusedAsync(Node node, string[] parts)
    {
        try
        {
            var found = await Context.Client.FindAsync(Resources.Nodes, "", node.Metadata.Name, CancellationToken.None);
            return found is null || !RangesOf(found).SequenceEqual(parts);
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private void ForEach(IEnumerable<string> parts, Action<AddressRanges, string> action)
    {
        foreach (var part in parts)
        {
            var isV4 = !part.Contains(':', StringComparison.Ordinal);
            foreach (var range in _ranges.Where(range => range.IsV4 == isV4))
            {
                action(range, part);
            }
        }
    }

    private static string[] RangesOf(Node node) =>
        node.Spec.PodCidrs.Length > 0 ? node.Spec.PodCidrs : node.Spec.PodCidr.Length > 0 ? [node.Spec.PodCidr] : [];
}
