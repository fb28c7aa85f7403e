namespace Etcdish.Kubernetes;

/// <summary>What a strategic merge patch does with a field.</summary>
[Flags]
public enum PatchStrategy
{
    /// <summary>Objects are merged, lists are replaced.</summary>
    None = 0,

    /// <summary>A list is merged: by <see cref="Field.PatchMergeKey"/> if it holds objects, as a set if it holds scalars.</summary>
    Merge = 1,

    /// <summary>The value is replaced whole, also if it is an object.</summary>
    Replace = 2,

    /// <summary>The patch may name the keys that stay (<c>$retainKeys</c>).</summary>
    RetainKeys = 4,
}
