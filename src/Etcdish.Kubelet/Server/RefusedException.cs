namespace Etcdish.Kubelet.Server;

/// <summary>A request that cannot be served.</summary>
/// <param name="status">The status of the answer.</param>
/// <param name="message">The answer, which clients show.</param>
internal sealed class RefusedException(int status, string message) : Exception(message)
{
    /// <summary>The status of the answer.</summary>
    public int Status { get; } = status;
}
