namespace Etcdish.Store;

/// <summary>
/// A walk over all keys that lets writers in between: each hold of the lock hands out a bounded number of keys. Keys that appear meanwhile
/// may or may not be met; versions that a pin protects are.
/// </summary>
/// <param name="state">The state.</param>
/// <param name="options">How many keys a hold hands out.</param>
/// <param name="epoch">The <see cref="StoreState.Epoch"/> that the walk belongs to.</param>
internal sealed class IndexWalk(StoreState state, StoreOptions options, long epoch)
{
    private readonly List<KeyRevision> _batch = new(options.KeysPerLockHold);
    private byte[] _last = [];

    /// <summary>The newest versions of the next keys, valid until the next call; empty at the end.</summary>
    /// <exception cref="StoreReplacedException">The state is another by now.</exception>
    public List<KeyRevision> NextBatch()
    {
        _batch.Clear();
        state.Gate.EnterReadLock();
        try
        {
            if (state.Epoch != epoch)
            {
                throw new StoreReplacedException();
            }

            var cursor = state.Index.Seek(_last, after: true);
            while (_batch.Count < options.KeysPerLockHold && cursor.MoveNext(out var newest))
            {
                _batch.Add(newest);
            }
        }
        finally
        {
            state.Gate.ExitReadLock();
        }

        if (_batch.Count > 0)
        {
            _last = _batch[^1].Key;
        }

        return _batch;
    }
}
