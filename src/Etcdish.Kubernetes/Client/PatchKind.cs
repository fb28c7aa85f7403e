namespace Etcdish.Kubernetes.Client;

/// <summary>How a patch is meant.</summary>
public enum PatchKind
{
    /// <summary>Objects are merged, all else replaced (RFC 7396).</summary>
    Merge,

    /// <summary>Lists with keys are merged, too.</summary>
    Strategic,

    /// <summary>A list of operations (RFC 6902).</summary>
    Json,

    /// <summary>Server-side apply.</summary>
    Apply,
}
