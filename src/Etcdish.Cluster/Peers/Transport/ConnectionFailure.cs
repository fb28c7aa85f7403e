using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace Etcdish.Cluster.Peers;

/// <summary>Which exceptions are the world's doing. All others are defects of the program and must be seen.</summary>
internal static class ConnectionFailure
{
    /// <summary>Whether a network, a peer or a certificate explains the exception.</summary>
    public static bool Is(Exception exception) => exception
        is IOException
        or SocketException
        or ObjectDisposedException
        or OperationCanceledException
        or AuthenticationException
        or CryptographicException
        or UnauthorizedAccessException
        or MalformedFrameException
        or PeerRefusedException;

    /// <summary>The part of an exception that helps an operator.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        AuthenticationException { InnerException: { } inner } => $"TLS: {exception.Message} ({inner.Message})",
        AuthenticationException => $"TLS: {exception.Message}",
        IOException { InnerException: SocketException inner } => inner.Message,
        _ => exception.Message,
    };
}

/// <summary>A member refused a connection in the handshake.</summary>
/// <param name="refusal">Why.</param>
/// <param name="message">The same as a line for an operator.</param>
internal sealed class PeerRefusedException(PeerRefusal refusal, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public PeerRefusal Refusal { get; } = refusal;
}
