namespace Etcdish.Store;

/// <summary>
/// What the replicated state knows of a lease; how long it really has left only the leader's <see cref="LeaseClock"/> knows.
/// </summary>
/// <param name="Id">The lease's ID, never 0.</param>
/// <param name="GrantedTtl">TTL in seconds as granted, after the floor was applied.</param>
/// <param name="RemainingTtl">Seconds that were left at the last checkpoint, or 0 when the full TTL counts.</param>
public readonly record struct LeaseInfo(long Id, long GrantedTtl, long RemainingTtl);
