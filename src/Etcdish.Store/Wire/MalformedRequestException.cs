namespace Etcdish.Store;

/// <summary>Bytes that are no message of the protocol.</summary>
/// <param name="message">What is wrong with them, in the words a gRPC client is used to.</param>
public sealed class MalformedRequestException(string message) : Exception(message);
