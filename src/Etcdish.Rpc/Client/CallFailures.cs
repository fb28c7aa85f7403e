using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc;

/// <summary>What the transport's failures and the answers of servers mean as a gRPC status.</summary>
internal static class CallFailures
{
    private const long NoError = 0;
    private const long RefusedStream = 7;
    private const long Cancel = 8;
    private const long EnhanceYourCalm = 11;
    private const long InadequateSecurity = 12;

    /// <summary>The exception for a call that the transport failed; never for cancellation, which the call itself explains.</summary>
    public static RpcException FromTransport(Exception failure, bool sendingBegan)
    {
        if (FindProtocolError(failure) is { } protocol)
        {
            return FromReset(protocol, sendingBegan);
        }

        bool notConnected = failure is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError
                or HttpRequestError.VersionNegotiationError,
        };
        string what = notConnected ? "no connection" : "the connection was lost";
        return new RpcException(StatusCode.Unavailable, $"{what}: {Innermost(failure).Message}", failure)
        {
            RequestNotSent = notConnected || !sendingBegan,
        };
    }

    /// <summary>The status that ends a response, found in its headers (trailers-only) or its trailers; null when there is none.</summary>
    public static (StatusCode Code, string Message)? FindStatus(HttpHeaders headers)
    {
        if (First(headers, "grpc-status") is not { } text)
        {
            return null;
        }

        StatusCode code = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && Enum.IsDefined((StatusCode)number)
            ? (StatusCode)number
            : StatusCode.Unknown;
        return (code, PercentEncoding.Decode(First(headers, "grpc-message") ?? ""));
    }

    /// <summary>The exception for an answer that is no gRPC: an HTTP proxy, or another server (gRPC's doc/http-grpc-status-mapping.md).</summary>
    public static RpcException FromHttp(HttpResponseMessage response)
    {
        StatusCode code = response.StatusCode switch
        {
            HttpStatusCode.BadRequest => StatusCode.Internal,
            HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
            HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
            HttpStatusCode.NotFound => StatusCode.Unimplemented,
            HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
                or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
            _ => StatusCode.Unknown,
        };
        string type = response.Content.Headers.ContentType?.ToString() ?? "none";
        return new RpcException(code, $"the answer is no gRPC: HTTP status {(int)response.StatusCode}, content-type {type}");
    }

    private static string? First(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values.ToString() : null;

    private static RpcException FromReset(HttpProtocolException reset, bool sendingBegan)
    {
        StatusCode code = reset.ErrorCode switch
        {
            // NO_ERROR comes with the GOAWAY of a server that stops.
            NoError or RefusedStream => StatusCode.Unavailable,
            Cancel => StatusCode.Canceled,
            EnhanceYourCalm => StatusCode.ResourceExhausted,
            InadequateSecurity => StatusCode.PermissionDenied,
            _ => StatusCode.Internal,
        };
        return new RpcException(code, $"the server ended the stream or the connection with HTTP/2 error {reset.ErrorCode}", reset)
        {
            // REFUSED_STREAM is the server's word that nothing was processed.
            RequestNotSent = reset.ErrorCode == RefusedStream || !sendingBegan,
        };
    }

    private static HttpProtocolException? FindProtocolError(Exception failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException protocol)
            {
                return protocol;
            }
        }

        return null;
    }

    private static Exception Innermost(Exception failure)
    {
        while (failure.InnerException is { } inner)
        {
            failure = inner;
        }

        return failure;
    }
}
