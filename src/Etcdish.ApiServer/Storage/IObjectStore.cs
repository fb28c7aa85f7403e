using System.Buffers;

namespace Etcdish.ApiServer.Storage;

/// <summary>
/// All that the API server asks of a revisioned store. Keys are text, values bytes; a prefix always ends in "/", so that
/// <c>/pods/a</c> never selects <c>/pods/ab</c>. Safe for use by many threads.
/// </summary>
/// <remarks>
/// Failures of the store itself are <see cref="StoreUnavailableException"/>s; after one, a write may or may not have happened.
/// </remarks>
public interface IObjectStore : IAsyncDisposable
{
    /// <summary>The store's revision, at least that of every write acknowledged before the call.</summary>
    ValueTask<long> GetRevisionAsync(CancellationToken cancellation);

    /// <summary>Reads one key; sees every write acknowledged before the call.</summary>
    ValueTask<StoredObject?> GetAsync(string key, CancellationToken cancellation);

    /// <summary>Reads a page of a prefix in the order of keys.</summary>
    /// <exception cref="StoreCompactedException">The revision asked for is gone.</exception>
    /// <exception cref="StoreFutureRevisionException">The revision asked for has not come yet.</exception>
    ValueTask<StorePage> ListAsync(StorePageRequest request, CancellationToken cancellation);

    /// <summary>Writes a key that must not exist.</summary>
    ValueTask<StoreWrite> CreateAsync(string key, ReadOnlyMemory<byte> value, CancellationToken cancellation);

    /// <summary>Replaces the value of a key whose last write must be <paramref name="expectedRevision"/>.</summary>
    ValueTask<StoreWrite> UpdateAsync(string key, ReadOnlyMemory<byte> value, long expectedRevision, CancellationToken cancellation);

    /// <summary>Deletes a key whose last write must be <paramref name="expectedRevision"/>.</summary>
    ValueTask<StoreWrite> DeleteAsync(string key, long expectedRevision, CancellationToken cancellation);

    /// <summary>Does several writes at once, each on its own condition: all of them, or none.</summary>
    /// <param name="writes">The writes, of different keys.</param>
    /// <param name="cancellation">Gives up.</param>
    ValueTask<StoreCommit> CommitAsync(IReadOnlyList<StoreAction> writes, CancellationToken cancellation);

    /// <summary>Follows the changes of a prefix from a revision on. The watch begins when it is enumerated.</summary>
    /// <param name="prefix">The prefix, ending in "/".</param>
    /// <param name="startRevision">First revision to report, 1 or more; may lie ahead.</param>
    IStoreWatch Watch(string prefix, long startRevision);
}

/// <summary>A key's value and the revision that wrote it.</summary>
/// <param name="Key">The key in UTF-8.</param>
/// <param name="Value">The value; never changed.</param>
/// <param name="Revision">The revision of its last write.</param>
public readonly record struct StoredObject(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, long Revision);

/// <summary>Which page to read.</summary>
/// <param name="Prefix">The prefix, ending in "/".</param>
public readonly record struct StorePageRequest(string Prefix)
{
    /// <summary>First key to read, or null for the first of the prefix.</summary>
    public string? StartKey { get; init; }

    /// <summary>The revision to read at; 0 is now.</summary>
    public long Revision { get; init; }

    /// <summary>Most objects to return; 0 is no limit.</summary>
    public int Limit { get; init; }

    /// <summary>
    /// Bytes of values after which the page should end, 0 for no limit. One object always fits. A store that cannot tell sizes before it
    /// reads may go over.
    /// </summary>
    public int MaxBytes { get; init; }
}

/// <summary>
/// A page. Disposing it gives the memory of its values back, so that nobody may look at them any more; a page that is not disposed of
/// is the collector's.
/// </summary>
/// <param name="Objects">The objects in the order of their keys.</param>
/// <param name="Revision">The store's revision that the page shows.</param>
/// <param name="Remaining">Number of objects behind the page.</param>
public sealed record StorePage(IReadOnlyList<StoredObject> Objects, long Revision, long Remaining) : IDisposable
{
    private byte[]? _block;

    /// <summary>A page whose values lie in an array of the shared pool.</summary>
    internal StorePage(IReadOnlyList<StoredObject> objects, long revision, long remaining, byte[] block)
        : this(objects, revision, remaining) => _block = block;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _block, null) is { } block)
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}

/// <summary>One of several writes.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The new value; null deletes the key.</param>
/// <param name="ExpectedRevision">The revision of the key's last write; 0 if there must be none.</param>
public readonly record struct StoreAction(string Key, ReadOnlyMemory<byte>? Value, long ExpectedRevision);

/// <summary>How several writes went.</summary>
/// <param name="Succeeded">Whether all conditions held.</param>
/// <param name="Revision">The revision of the writes; if they were refused, the store's.</param>
/// <param name="Current">If they were refused, what stands at each key now, in their order; empty else.</param>
public readonly record struct StoreCommit(bool Succeeded, long Revision, IReadOnlyList<StoredObject?> Current);

/// <summary>How a conditional write went.</summary>
/// <param name="Succeeded">Whether the condition held.</param>
/// <param name="Revision">The revision of the write; if it was refused, the store's.</param>
/// <param name="Current">If it was refused, what stands there now, or null for nothing.</param>
public readonly record struct StoreWrite(bool Succeeded, long Revision, StoredObject? Current);
