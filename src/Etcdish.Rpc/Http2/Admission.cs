namespace Etcdish.Rpc.Http2;

/// <summary>What becomes of a stream that a client opens.</summary>
internal enum Admission
{
    /// <summary>It is served.</summary>
    Accepted,

    /// <summary>There are too many: the client may try again.</summary>
    Refused,

    /// <summary>It came after the last that the connection's GOAWAY named: the client knows that nothing is done.</summary>
    Ignored,
}
