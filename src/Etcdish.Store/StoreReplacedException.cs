namespace Etcdish.Store;

/// <summary>
/// Another state has taken the place of the one that was being walked over (<see cref="RevisionStore.TakeOver"/>): begin again with the
/// new one, or leave it.
/// </summary>
public sealed class StoreReplacedException() : Exception("another state has taken the store's place");
