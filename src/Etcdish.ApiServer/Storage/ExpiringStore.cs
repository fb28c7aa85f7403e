namespace Etcdish.ApiServer.Storage;

/// <summary>
/// A store in which what lies under one prefix goes by itself after a time, counted anew with every write. Its keys share leases of the
/// store: a lease takes all keys of a minute, and no more than a thousand.
/// </summary>
/// <param name="inner">The store.</param>
/// <param name="prefix">The prefix, ending in "/".</param>
/// <param name="timeToLive">The least time that a key stays.</param>
/// <param name="clock">The clock by which leases are shared.</param>
internal sealed class ExpiringStore(IObjectStore inner, string prefix, TimeSpan timeToLive, TimeProvider clock) : IObjectStore
{
    private const int MaxKeysPerLease = 1000;

    private static readonly TimeSpan _longestSharing = TimeSpan.FromMinutes(1);

    // A twentieth of the time to live at most, so that short times stay short.
    private readonly TimeSpan _sharing = timeToLive / 20 < _longestSharing ? timeToLive / 20 : _longestSharing;
    private readonly SemaphoreSlim _granting = new(1, 1);
    private long _lease;
    private long _grantedAt;
    private int _keys;

    /// <inheritdoc/>
    public ValueTask<long> GetRevisionAsync(CancellationToken cancellation) => inner.GetRevisionAsync(cancellation);

    /// <inheritdoc/>
    public ValueTask<StoredObject?> GetAsync(string key, CancellationToken cancellation) => inner.GetAsync(key, cancellation);

    /// <inheritdoc/>
    public ValueTask<StorePage> ListAsync(StorePageRequest request, CancellationToken cancellation) =>
        inner.ListAsync(request, cancellation);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> CreateAsync(string key, ReadOnlyMemory<byte> value, CancellationToken cancellation) =>
        Expires(key) ? WriteAsync(key, value, expectedRevision: 0, cancellation) : inner.CreateAsync(key, value, cancellation);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long expectedRevision, CancellationToken cancellation) =>
        Expires(key)
            ? WriteAsync(key, value, expectedRevision, cancellation)
            : inner.UpdateAsync(key, value, expectedRevision, cancellation);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> WriteLeasedAsync(
        string key, ReadOnlyMemory<byte> value, long expectedRevision, long lease, CancellationToken cancellation) =>
        inner.WriteLeasedAsync(key, value, expectedRevision, lease, cancellation);

    /// <inheritdoc/>
    public ValueTask<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellation) =>
        inner.GrantLeaseAsync(timeToLive, cancellation);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> DeleteAsync(string key, long expectedRevision, CancellationToken cancellation) =>
        inner.DeleteAsync(key, expectedRevision, cancellation);

    /// <summary>Several writes at once, which do not expire: none of them may be under the prefix.</summary>
    public ValueTask<StoreCommit> CommitAsync(IReadOnlyList<StoreAction> writes, CancellationToken cancellation)
    {
        foreach (var write in writes)
        {
            if (write.Value is not null && Expires(write.Key))
            {
                throw new NotSupportedException($"{write.Key} expires, and is written alone");
            }
        }

        return inner.CommitAsync(writes, cancellation);
    }

    /// <inheritdoc/>
    public IStoreWatch Watch(string prefix, long startRevision) => inner.Watch(prefix, startRevision);

    /// <summary>Leaves the store open, which belongs to another.</summary>
    public ValueTask DisposeAsync()
    {
        _granting.Dispose();
        return ValueTask.CompletedTask;
    }

    private bool Expires(string key) => key.StartsWith(prefix, StringComparison.Ordinal);

    private async ValueTask<StoreWrite> WriteAsync(
        string key, ReadOnlyMemory<byte> value, long expectedRevision, CancellationToken cancellation)
    {
        var lease = await LeaseAsync(cancellation);
        try
        {
            return await inner.WriteLeasedAsync(key, value, expectedRevision, lease, cancellation);
        }
        catch (StoreUnavailableException)
        {
            // The lease may be what is gone.
            Interlocked.CompareExchange(ref _lease, 0, lease);
            throw;
        }
    }

    private async ValueTask<long> LeaseAsync(CancellationToken cancellation)
    {
        await _granting.WaitAsync(cancellation);
        try
        {
            if (Volatile.Read(ref _lease) == 0 || _keys >= MaxKeysPerLease || clock.GetElapsedTime(_grantedAt) >= _sharing)
            {
                var lease = await inner.GrantLeaseAsync(timeToLive + _sharing, cancellation);
                _grantedAt = clock.GetTimestamp();
                _keys = 0;
                Volatile.Write(ref _lease, lease);
            }

            _keys++;
            return Volatile.Read(ref _lease);
        }
        finally
        {
            _granting.Release();
        }
    }
}
