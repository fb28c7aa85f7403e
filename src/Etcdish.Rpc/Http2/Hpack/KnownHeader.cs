namespace Etcdish.Rpc.Http2;

/// <summary>The headers an HTTP/2 engine under gRPC tells apart, looked up once a field: a request compares no names.</summary>
internal enum KnownHeader : byte
{
    None,

    Authority,
    Method,
    Path,
    Scheme,
    Status,

    Authorization,
    ContentLength,
    ContentType,
    Cookie,
    Expect,
    Host,
    Te,
    UserAgent,

    GrpcAcceptEncoding,
    GrpcEncoding,
    GrpcMessage,
    GrpcStatus,
    GrpcTimeout,

    // What speaks of a connection has no place in HTTP/2 (RFC 9113, section 8.2.2).
    Connection,
    KeepAlive,
    ProxyConnection,
    TransferEncoding,
    Upgrade,
}

/// <summary>The names of the known headers.</summary>
internal static class KnownHeaders
{
    /// <summary>The header of a name in lower case; <see cref="KnownHeader.None"/> for any other.</summary>
    public static KnownHeader Find(string name) => name switch
    {
        ":authority" => KnownHeader.Authority,
        ":method" => KnownHeader.Method,
        ":path" => KnownHeader.Path,
        ":scheme" => KnownHeader.Scheme,
        ":status" => KnownHeader.Status,
        "authorization" => KnownHeader.Authorization,
        "content-length" => KnownHeader.ContentLength,
        "content-type" => KnownHeader.ContentType,
        "cookie" => KnownHeader.Cookie,
        "expect" => KnownHeader.Expect,
        "host" => KnownHeader.Host,
        "te" => KnownHeader.Te,
        "user-agent" => KnownHeader.UserAgent,
        "grpc-accept-encoding" => KnownHeader.GrpcAcceptEncoding,
        "grpc-encoding" => KnownHeader.GrpcEncoding,
        "grpc-message" => KnownHeader.GrpcMessage,
        "grpc-status" => KnownHeader.GrpcStatus,
        "grpc-timeout" => KnownHeader.GrpcTimeout,
        "connection" => KnownHeader.Connection,
        "keep-alive" => KnownHeader.KeepAlive,
        "proxy-connection" => KnownHeader.ProxyConnection,
        "transfer-encoding" => KnownHeader.TransferEncoding,
        "upgrade" => KnownHeader.Upgrade,
        _ => KnownHeader.None,
    };

    /// <summary>Whether a header is one of HTTP/2's own, whose name begins with a colon.</summary>
    public static bool IsPseudo(KnownHeader header) => header is >= KnownHeader.Authority and <= KnownHeader.Status;
}
