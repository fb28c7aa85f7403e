using System.Runtime.InteropServices;

namespace Etcdish.Store;

/// <summary>
/// The changes of one entry, all under one main revision. They enter the index as they are made, but carry a revision that readers look
/// past until <see cref="Commit"/> publishes it: so a transaction becomes visible at once, and its own later operations see the earlier.
/// </summary>
internal sealed class WriteTransaction(StoreState state)
{
    private const int DeletionsPerLockHold = 500;

    private readonly List<KeyRevision> _changes = [];
    private readonly List<KeyRevision> _doomed = [];

    /// <summary>Main revision of the changes.</summary>
    public long Revision { get; private set; }

    /// <summary>The revision that an operation of this transaction reads at by default: its own once something changed.</summary>
    public long View => _changes.Count > 0 ? Revision : Revision - 1;

    /// <summary>The changes so far; after <see cref="Commit"/> those of the last entry.</summary>
    public ReadOnlySpan<KeyRevision> Changes => CollectionsMarshal.AsSpan(_changes);

    public void Begin()
    {
        _changes.Clear();
        Revision = state.CurrentRevision + 1;
    }

    /// <summary>Puts a key.</summary>
    /// <param name="key">The key; copied when it is new.</param>
    /// <param name="newest">Newest version of the key in the index, perhaps a tombstone, or null.</param>
    /// <param name="value">Where the value is.</param>
    /// <param name="lease">An existing lease, or 0.</param>
    public void Put(ReadOnlySpan<byte> key, KeyRevision? newest, in ValueReference value, long lease)
    {
        var replaced = newest is { IsTombstone: false } ? newest : null;
        var version = new KeyRevision
        {
            Key = newest?.Key ?? key.ToArray(),
            ModRevision = Revision,
            SubRevision = _changes.Count,
            CreateRevision = replaced?.CreateRevision ?? Revision,
            Version = (replaced?.Version ?? 0) + 1,
            Lease = lease,
            Value = value,
            Previous = newest,
        };
        state.Gate.EnterWriteLock();
        try
        {
            Record(version);
        }
        finally
        {
            state.Gate.ExitWriteLock();
        }

        var oldLease = replaced?.Lease ?? 0;
        if (oldLease == lease)
        {
            return;
        }

        if (oldLease != 0)
        {
            state.Leases.Detach(oldLease, version.Key);
        }

        if (lease != 0)
        {
            state.Leases.Attach(lease, version.Key);
        }
    }

    /// <summary>Deletes a range.</summary>
    /// <param name="range">The range.</param>
    /// <param name="deleted">Receives the deleted versions, unless null.</param>
    /// <returns>Number of keys deleted.</returns>
    public int DeleteRange(in KeyRange range, List<KeyRevision>? deleted)
    {
        _doomed.Clear();
        if (range.IsSingle)
        {
            Doom(state.Index.Find(range.Start.Span));
        }
        else
        {
            var cursor = state.Index.Seek(range.Start.Span);
            while (cursor.MoveNext(out var newest) && range.EndsAfter(newest.Key))
            {
                Doom(newest);
            }
        }

        return DeleteDoomed(deleted);
    }

    /// <summary>Deletes keys in the order given; those that do not exist are passed over.</summary>
    public void Delete(List<byte[]> keys)
    {
        _doomed.Clear();
        foreach (var key in keys)
        {
            Doom(state.Index.Find(key));
        }

        DeleteDoomed(deleted: null);
    }

    /// <summary>Makes the changes visible to readers.</summary>
    public void Commit()
    {
        if (_changes.Count > 0)
        {
            state.CurrentRevision = Revision;
        }
    }

    private void Doom(KeyRevision? newest)
    {
        if (newest is { IsTombstone: false })
        {
            _doomed.Add(newest);
        }
    }

    private int DeleteDoomed(List<KeyRevision>? deleted)
    {
        for (var start = 0; start < _doomed.Count; start += DeletionsPerLockHold)
        {
            state.Gate.EnterWriteLock();
            try
            {
                foreach (var victim in CollectionsMarshal.AsSpan(_doomed)[start..Math.Min(start + DeletionsPerLockHold, _doomed.Count)])
                {
                    Record(new KeyRevision
                    {
                        Key = victim.Key,
                        ModRevision = Revision,
                        SubRevision = _changes.Count,
                        Previous = victim,
                    });
                }
            }
            finally
            {
                state.Gate.ExitWriteLock();
            }
        }

        foreach (var victim in _doomed)
        {
            if (victim.Lease != 0)
            {
                state.Leases.Detach(victim.Lease, victim.Key);
            }
        }

        deleted?.AddRange(_doomed);
        return _doomed.Count;
    }

    private void Record(KeyRevision version)
    {
        state.Index.Set(version);
        state.Log.Append(version);
        state.Usage.Add(version);
        _changes.Add(version);
    }
}
