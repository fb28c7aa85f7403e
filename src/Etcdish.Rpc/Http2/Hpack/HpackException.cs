namespace Etcdish.Rpc.Http2;

/// <summary>
/// A header block breaks HPACK (RFC 7541). The table both ends share is lost with it, so the connection must end with COMPRESSION_ERROR and
/// the decoder must not be used again.
/// </summary>
internal sealed class HpackException(string message) : Exception(message);
