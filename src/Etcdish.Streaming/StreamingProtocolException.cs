namespace Etcdish.Streaming;

/// <summary>The peer broke a rule of the protocol. It costs the connection that it did so on.</summary>
/// <param name="message">Which rule.</param>
public sealed class StreamingProtocolException(string message) : IOException(message);
