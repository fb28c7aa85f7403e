namespace Etcdish.Store;

/// <summary>Settings of <see cref="RevisionStore"/>; the defaults suit every use but tests.</summary>
public sealed record StoreOptions
{
    /// <summary>
    /// Most keys that are looked at in one hold of the store's lock, 1 or more. A range, a count at an old revision or a checkpoint lets
    /// writers in between.
    /// </summary>
    public int KeysPerLockHold { get; init; } = 500;
}
