namespace Etcdish.Cluster;

/// <summary>A member that has no data could not become part of its group; nothing was written.</summary>
/// <param name="message">Why, in etcd's words.</param>
public sealed class JoinException(string message) : Exception(message);
