namespace Etcdish.Store;

/// <summary>A request that the etcd semantics refuse; nothing of it was applied.</summary>
/// <param name="error">Which refusal.</param>
public sealed class EtcdException(EtcdError error) : Exception(error.Message)
{
    /// <summary>Which refusal.</summary>
    public EtcdError Error { get; } = error;
}
