using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Etcdish.Store;

/// <summary>
/// The leases and their keys as the log says: the deterministic half of leases, the same on every member. It knows nothing of time; the
/// leader's <see cref="LeaseClock"/> does. Only the node loop changes it (when it applies an entry); all members are safe on any thread.
/// </summary>
/// <remarks>
/// What is attached follows from the index, so a checkpoint stores <see cref="Snapshot"/> only, and recovery calls <see cref="Restore"/>
/// and then attaches each live key to the lease that its newest revision names.
/// </remarks>
public sealed class LeaseTable
{
    private readonly Lock _lock = new();
    private Dictionary<long, Entry> _leases = [];

    /// <summary>How many leases there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _leases.Count;
        }
    }

    /// <summary>Whether the lease exists.</summary>
    /// <param name="id">Lease ID.</param>
    public bool Contains(long id)
    {
        lock (_lock)
            return _leases.ContainsKey(id);
    }

    /// <summary>Adds a lease without keys.</summary>
    /// <param name="id">Lease ID, not 0 and not in use.</param>
    /// <param name="ttlSeconds">TTL in seconds; the floor has been applied by <see cref="LeaseRules"/>.</param>
    /// <exception cref="EtcdException"><see cref="EtcdError.LeaseExist"/>, or <see cref="EtcdError.LeaseNotFound"/> for ID 0.</exception>
    public void Grant(long id, long ttlSeconds) => Restore(new LeaseInfo(id, ttlSeconds, 0));

    /// <summary>Adds a lease as a checkpoint of the store remembers it, without keys.</summary>
    /// <param name="lease">The lease; its ID is not in use.</param>
    /// <exception cref="EtcdException"><see cref="EtcdError.LeaseExist"/>, or <see cref="EtcdError.LeaseNotFound"/> for ID 0.</exception>
    public void Restore(LeaseInfo lease)
    {
        if (lease.Id == 0)
            throw new EtcdException(EtcdError.LeaseNotFound);

        lock (_lock)
        {
            ref Entry? slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_leases, lease.Id, out bool exists);
            if (exists)
                throw new EtcdException(EtcdError.LeaseExist);

            slot = new Entry(lease.GrantedTtl, lease.RemainingTtl);
        }
    }

    /// <summary>Forgets the lease. The caller deletes the keys, in the order returned and in one revision.</summary>
    /// <param name="id">Lease ID.</param>
    /// <returns>The keys that were attached, in byte order.</returns>
    /// <exception cref="EtcdException"><see cref="EtcdError.LeaseNotFound"/>.</exception>
    [SuppressMessage("Design", "CA1002:Do not expose generic lists", Justification = "A fresh list that belongs to the caller.")]
    public List<byte[]> Revoke(long id)
    {
        lock (_lock)
        {
            return _leases.Remove(id, out Entry? lease) ? lease.SortedKeys() : throw new EtcdException(EtcdError.LeaseNotFound);
        }
    }

    /// <summary>Ties a key to the lease; a key that is attached already stays so.</summary>
    /// <param name="id">Lease ID.</param>
    /// <param name="key">The key; the array is kept and must not be written to afterwards.</param>
    /// <exception cref="EtcdException"><see cref="EtcdError.LeaseNotFound"/>.</exception>
    public void Attach(long id, byte[] key)
    {
        lock (_lock)
        {
            if (!_leases.TryGetValue(id, out Entry? lease))
                throw new EtcdException(EtcdError.LeaseNotFound);

            lease.Add(key);
        }
    }

    /// <summary>Unties a key from the lease. Nothing happens when the lease is gone (it was just revoked) or lacks the key.</summary>
    /// <param name="id">Lease ID.</param>
    /// <param name="key">The key.</param>
    public void Detach(long id, byte[] key)
    {
        lock (_lock)
        {
            if (_leases.TryGetValue(id, out Entry? lease))
                lease.Remove(key);
        }
    }

    /// <summary>Saves how long a lease still had, for the next leader. Nothing happens when the lease is gone.</summary>
    /// <param name="id">Lease ID.</param>
    /// <param name="remainingSeconds">Seconds left, or 0 for the full TTL.</param>
    public void Checkpoint(long id, long remainingSeconds)
    {
        lock (_lock)
        {
            if (_leases.TryGetValue(id, out Entry? lease))
                lease.RemainingTtl = remainingSeconds;
        }
    }

    /// <summary>Takes the leases of a table that nobody else uses, in the place of its own.</summary>
    internal void TakeOver(LeaseTable other)
    {
        lock (_lock)
            _leases = other._leases;
    }

    /// <summary>Finds a lease.</summary>
    /// <param name="id">Lease ID.</param>
    /// <param name="lease">The lease, or default when there is none.</param>
    public bool TryGet(long id, out LeaseInfo lease)
    {
        lock (_lock)
        {
            bool found = _leases.TryGetValue(id, out Entry? entry);
            lease = found ? entry!.ToInfo(id) : default;
            return found;
        }
    }

    /// <summary>Copies the lease's keys in byte order; empty when there is no such lease.</summary>
    /// <param name="id">Lease ID.</param>
    [SuppressMessage("Design", "CA1002:Do not expose generic lists", Justification = "A fresh list that belongs to the caller.")]
    public List<byte[]> Keys(long id)
    {
        lock (_lock)
            return _leases.TryGetValue(id, out Entry? lease) ? lease.SortedKeys() : [];
    }

    /// <summary>Copies all leases, in order of ID.</summary>
    public LeaseInfo[] Snapshot()
    {
        LeaseInfo[] leases;
        lock (_lock)
        {
            leases = new LeaseInfo[_leases.Count];
            int at = 0;
            foreach ((long id, Entry lease) in _leases)
                leases[at++] = lease.ToInfo(id);
        }

        Array.Sort(leases, static (a, b) => a.Id.CompareTo(b.Id));
        return leases;
    }

    /// <summary>Most leases hold one key or none, so a set is made only for the second key.</summary>
    private sealed class Entry(long grantedTtl, long remainingTtl)
    {
        private byte[]? _onlyKey;
        private HashSet<byte[]>? _keys;

        public long RemainingTtl { get; set; } = remainingTtl;

        public LeaseInfo ToInfo(long id) => new(id, grantedTtl, RemainingTtl);

        public void Add(byte[] key)
        {
            if (_keys is not null)
                _keys.Add(key);
            else if (_onlyKey is null)
                _onlyKey = key;
            else if (!KeyComparer.Instance.Equals(_onlyKey, key))
            {
                _keys = new HashSet<byte[]>(KeyComparer.Instance) { _onlyKey, key };
                _onlyKey = null;
            }
        }

        public void Remove(byte[] key)
        {
            if (_keys is not null)
                _keys.Remove(key);
            else if (KeyComparer.Instance.Equals(_onlyKey, key))
                _onlyKey = null;
        }

        public List<byte[]> SortedKeys()
        {
            List<byte[]> keys = _keys is not null ? [.. _keys] : _onlyKey is not null ? [_onlyKey] : [];
            keys.Sort(KeyComparer.ByteOrder);
            return keys;
        }
    }
}
