namespace Etcdish.Network;

/// <summary>What the network's parts of a node say of themselves, on its Node.</summary>
internal static class NodeAnnotations
{
    /// <summary>Where the node's name server is; a node that says so has all parts of the network.</summary>
    public const string ClusterDns = "etcdish.io/cluster-dns";
}
