namespace Etcdish.Rpc.Http2;

/// <summary>
/// The peer broke a rule that concerns the whole connection: it ends with a GOAWAY of this code. What concerns one stream alone throws
/// nothing; it resets the stream.
/// </summary>
/// <param name="code">Why, for the peer.</param>
/// <param name="message">Why, for the log and for whoever looks at the GOAWAY.</param>
internal sealed class Http2ConnectionException(Http2ErrorCode code, string message) : Exception(message)
{
    public Http2ErrorCode Code { get; } = code;
}
