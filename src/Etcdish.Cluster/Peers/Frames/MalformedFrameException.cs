namespace Etcdish.Cluster.Peers;

/// <summary>Bytes that are no frame, or no membership, of this format: the only exception that reading them throws.</summary>
/// <param name="message">What is wrong with them.</param>
internal sealed class MalformedFrameException(string message) : FormatException(message);
