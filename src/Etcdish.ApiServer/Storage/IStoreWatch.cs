namespace Etcdish.ApiServer.Storage;

/// <summary>
/// A watch: batches of whole revisions in order, none left out. Enumerated once. Ends with a <see cref="StoreCompactedException"/> when
/// what it needs next is gone, and with a <see cref="StoreUnavailableException"/> when it cannot go on.
/// </summary>
public interface IStoreWatch : IAsyncEnumerable<StoreChanges>
{
    /// <summary>
    /// Asks for a batch that tells how far the watch has come. The answer may stay out: when the watch lags, when its
    /// connection breaks, or for good with an etcd that is too old to answer truthfully.
    /// </summary>
    ValueTask RequestProgressAsync(CancellationToken cancellation);
}

/// <summary>What a watch tells at once.</summary>
/// <param name="Items">The changes in order; none if the batch only tells progress.</param>
/// <param name="Revision">All changes up to this revision have been told.</param>
public readonly record struct StoreChanges(IReadOnlyList<StoreChange> Items, long Revision);

/// <summary>One change of one key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Revision">The revision of the change.</param>
/// <param name="Value">The new value; null if the key was deleted.</param>
/// <param name="Previous">The value before; null if the key was created.</param>
public sealed record StoreChange(string Key, long Revision, ReadOnlyMemory<byte>? Value, ReadOnlyMemory<byte>? Previous);
