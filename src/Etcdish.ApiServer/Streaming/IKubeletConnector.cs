namespace Etcdish.ApiServer.Streaming;

/// <summary>Opens connections to kubelets, in this process or elsewhere. Safe for use by many threads.</summary>
public interface IKubeletConnector
{
    /// <summary>Opens a connection on which the kubelet speaks HTTP/1.1. TLS, where there is some, is this method's.</summary>
    /// <exception cref="IOException">The kubelet cannot be reached; the message says why.</exception>
    ValueTask<Stream> ConnectAsync(KubeletAddress kubelet, CancellationToken cancellation);
}

/// <summary>Where a kubelet is, as its Node object says.</summary>
/// <param name="NodeName">The node's name.</param>
/// <param name="Host">Name or address of its machine; empty if it reports none.</param>
/// <param name="Port">The kubelet's port.</param>
public sealed record KubeletAddress(string NodeName, string Host, int Port);
