namespace Etcdish.Store;

/// <summary>Bytes that are no message of the expected type.</summary>
/// <param name="message">What is wrong, for the client.</param>
public sealed class MalformedRequestException(string message) : Exception(message);
