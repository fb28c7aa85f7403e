namespace Etcdish.Server;

/// <summary>
/// Versions that the server tells. Clients decide by them what they may use (kube-apiserver asks for 3.5.13 before it relies on progress
/// requests, and for 3.7 before it lists by stream), so they name the etcd release whose behaviour is served, not our own release.
/// </summary>
public static class ServerVersion
{
    /// <summary>The etcd release whose API is served.</summary>
    public const string Api = "3.7.1";

    /// <summary>Version of the cluster and of the storage, as etcd writes them.</summary>
    public const string Cluster = "3.7.0";

    /// <summary>Version of the storage in a status answer and in snapshots.</summary>
    public const string Storage = "3.7.0";

    /// <summary>This program's own release.</summary>
    public static string Product { get; } = typeof(ServerVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
