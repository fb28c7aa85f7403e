namespace Etcdish.ApiServer.Security.Nodes;

/// <summary>What sort of object a node has to do with.</summary>
internal enum ReferenceKind
{
    /// <summary>A pod that is bound to the node.</summary>
    Pod,

    /// <summary>A secret that such a pod names.</summary>
    Secret,

    /// <summary>A config map that such a pod names.</summary>
    ConfigMap,

    /// <summary>A claim for a volume that such a pod uses.</summary>
    VolumeClaim,

    /// <summary>A claim for devices that such a pod uses.</summary>
    ResourceClaim,

    /// <summary>The account as which such a pod runs.</summary>
    ServiceAccount,
}

/// <summary>An object that a node has to do with.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct NodeReference(ReferenceKind Kind, string Namespace, string Name);
