namespace Etcdish.Cluster.Peers;

/// <summary>Where a member can be reached.</summary>
/// <param name="Id">Its id, not 0.</param>
/// <param name="Urls">Its peer URLs (http or https, host, port), tried in turn.</param>
internal sealed record PeerAddress(ulong Id, IReadOnlyList<string> Urls);
