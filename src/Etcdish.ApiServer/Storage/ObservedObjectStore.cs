namespace Etcdish.ApiServer.Storage;

/// <summary>Hears of writes before those who made them are told.</summary>
internal interface IWriteObserver
{
    /// <summary>Whether writes of this key are of interest.</summary>
    bool Observes(string key);

    /// <summary>A write has happened. Not called for one of which nobody knows whether it happened.</summary>
    ValueTask WrittenAsync(string key, long revision, bool isDeleted, CancellationToken cancellation);
}

/// <summary>A store whose writes have observers.</summary>
/// <param name="inner">The store itself; closed with this one.</param>
internal sealed class ObservedObjectStore(IObjectStore inner) : IObjectStore
{
    private IWriteObserver[] _observers = [];

    /// <summary>Adds an observer; before the first write.</summary>
    public void Add(IWriteObserver observer) => _observers = [.. _observers, observer];

    public ValueTask<long> GetRevisionAsync(CancellationToken cancellation) => inner.GetRevisionAsync(cancellation);

    public ValueTask<StoredObject?> GetAsync(string key, CancellationToken cancellation) => inner.GetAsync(key, cancellation);

    public ValueTask<StorePage> ListAsync(StorePageRequest request, CancellationToken cancellation) => inner.ListAsync(request, cancellation);

    public ValueTask<StoreWrite> CreateAsync(string key, ReadOnlyMemory<byte> value, CancellationToken cancellation) =>
        Tell(inner.CreateAsync(key, value, cancellation), key, isDeleted: false, cancellation);

    public ValueTask<StoreWrite> UpdateAsync(string key, ReadOnlyMemory<byte> value, long expectedRevision, CancellationToken cancellation) =>
        Tell(inner.UpdateAsync(key, value, expectedRevision, cancellation), key, isDeleted: false, cancellation);

    public ValueTask<StoreWrite> DeleteAsync(string key, long expectedRevision, CancellationToken cancellation) =>
        Tell(inner.DeleteAsync(key, expectedRevision, cancellation), key, isDeleted: true, cancellation);

    public async ValueTask<StoreCommit> CommitAsync(IReadOnlyList<StoreAction> writes, CancellationToken cancellation)
    {
        var outcome = await inner.CommitAsync(writes, cancellation);
        if (outcome.Succeeded)
        {
            foreach (var (key, value, _) in writes)
            {
                await TellAsync(key, outcome.Revision, value is null, cancellation);
            }
        }

        return outcome;
    }

    public IStoreWatch Watch(string prefix, long startRevision) => inner.Watch(prefix, startRevision);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private ValueTask<StoreWrite> Tell(ValueTask<StoreWrite> write, string key, bool isDeleted, CancellationToken cancellation)
    {
        foreach (var observer in _observers)
        {
            if (observer.Observes(key))
            {
                return TellAsync(write, key, isDeleted, cancellation);
            }
        }

        return write;
    }

    private async ValueTask<StoreWrite> TellAsync(
        ValueTask<StoreWrite> write, string key, bool isDeleted, CancellationToken cancellation)
    {
        var outcome = await write;
        if (outcome.Succeeded)
        {
            await TellAsync(key, outcome.Revision, isDeleted, cancellation);
        }

        return outcome;
    }

    private async ValueTask TellAsync(string key, long revision, bool isDeleted, CancellationToken cancellation)
    {
        foreach (var observer in _observers)
        {
            if (observer.Observes(key))
            {
                await observer.WrittenAsync(key, revision, isDeleted, cancellation);
            }
        }
    }
}
