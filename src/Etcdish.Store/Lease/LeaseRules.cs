namespace Etcdish.Store;

/// <summary>What the leader decides about a LeaseGrant before it is proposed, so that all members apply the same ID and TTL.</summary>
public static class LeaseRules
{
    /// <summary>Largest TTL that etcd grants, in seconds (about 285 years).</summary>
    public const long MaxTtlSeconds = 9_000_000_000;

    /// <summary>Shortest TTL granted with the default election timeout of 1,000 ms, in seconds.</summary>
    public const long DefaultMinTtlSeconds = 2;

    /// <summary>
    /// Shortest TTL that makes sense: a lease must outlive the election of the next leader, so 1.5 election timeouts, in whole seconds.
    /// </summary>
    /// <param name="electionTimeoutMs">Election timeout in milliseconds, above 0.</param>
    public static long MinTtlSeconds(long electionTimeoutMs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(electionTimeoutMs);
        return (electionTimeoutMs * 3 + 1999) / 2000;
    }

    /// <summary>Raises a TTL to the floor and refuses one above etcd's ceiling.</summary>
    /// <param name="requestedSeconds">TTL asked for; zero and below count as below the floor.</param>
    /// <param name="minSeconds">The floor.</param>
    /// <exception cref="EtcdException"><see cref="EtcdError.LeaseTTLTooLarge"/>.</exception>
    public static long SettleTtl(long requestedSeconds, long minSeconds) => requestedSeconds > MaxTtlSeconds
        ? throw new EtcdException(EtcdError.LeaseTTLTooLarge)
        : Math.Max(requestedSeconds, minSeconds);

    /// <summary>Settles the ID of a grant: the one asked for, or for 0 a free positive one made from the caller's random numbers.</summary>
    /// <param name="requestedId">ID asked for, or 0.</param>
    /// <param name="leases">The leases that exist; a grant still in the log may yet take the ID, which apply then refuses.</param>
    /// <param name="nextRandom">Gives random 64-bit numbers.</param>
    public static long SettleId(long requestedId, LeaseTable leases, Func<ulong> nextRandom)
    {
        ArgumentNullException.ThrowIfNull(leases);
        ArgumentNullException.ThrowIfNull(nextRandom);
        long id = requestedId;
        while (id == 0 || (requestedId == 0 && leases.Contains(id)))
            id = (long)(nextRandom() & long.MaxValue);
        return id;
    }
}
