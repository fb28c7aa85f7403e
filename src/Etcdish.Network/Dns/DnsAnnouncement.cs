using System.Net;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Dns;

/// <summary>
/// Says on a Node where the node's name server is, by an annotation that the node's own user may write: who joins a cluster needs no right to
/// say where services lead (<see cref="DnsService"/> does).
/// </summary>
internal sealed class DnsAnnouncement : Controller
{
    private readonly ObjectKey _key;
    private readonly Informer<Node> _nodes;

    public DnsAnnouncement(ControllerContext context, string nodeName)
        : base("cluster-dns-announcement", context)
    {
        _key = new ObjectKey("", nodeName);
        _nodes = context.Informers.OfOne(Resources.Nodes, nodeName);
        _nodes.Subscribe((before, now) =>
        {
            if ((now ?? before)!.Key == _key)
            {
                Queue.Add(_key);
            }
        });
    }

    /// <summary>Where the name server listens, as others reach it; to be set before it runs.</summary>
    public IPEndPoint Target { get; set; } = new(IPAddress.None, 0);

    /// <summary>Where a node's name server is; null: it has none.</summary>
    public static IPEndPoint? Read(Node node) =>
        IPEndPoint.TryParse(node.Metadata.Annotations.GetValueOrDefault(NodeAnnotations.ClusterDns, ""), out var target) && target.Port > 0 ? target : null;

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_nodes.Find(_key) is not { } node || Target.Equals(Read(node)))
        {
            return;
        }

        var metadata = new JsonObject
        {
            ["uid"] = node.Metadata.Uid,
            ["annotations"] = new JsonObject { [NodeAnnotations.ClusterDns] = Target.ToString() },
        };
        var patch = new JsonObject { ["metadata"] = metadata };
        await Context.Client.PatchAsync(Resources.Nodes, "", key.Name, patch, PatchKind.Merge, "", cancellation);
    }
}
