using System.Buffers;
using System.Text.Json;
using Etcdish.Rpc;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Server.Gateway;

/// <summary>A gRPC status as the gateway tells it: <c>{"code":3,"message":"…"}</c> with the HTTP status that belongs to it.</summary>
internal static class GatewayError
{
    /// <summary>HTTP status of a gRPC status, as grpc-gateway maps them.</summary>
    public static int HttpStatus(StatusCode code) => code switch
    {
        StatusCode.Ok => StatusCodes.Status200OK,
        StatusCode.Canceled => StatusCodes.Status499ClientClosedRequest,
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange => StatusCodes.Status400BadRequest,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.AlreadyExists or StatusCode.Aborted => StatusCodes.Status409Conflict,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Unimplemented => StatusCodes.Status501NotImplemented,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>Answers with an error instead of a message.</summary>
    public static async Task WriteAsync(HttpContext context, StatusCode code, string message)
    {
        context.Response.StatusCode = HttpStatus(code);
        context.Response.ContentType = "application/json";
        var body = new ArrayBufferWriter<byte>();
        using (Utf8JsonWriter json = GatewayJson.OpenWriter(body))
        {
            WriteObject(json, code, message);
        }

        context.Response.ContentLength = body.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(body.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Writes the error's object.</summary>
    public static void WriteObject(Utf8JsonWriter json, StatusCode code, string message)
    {
        json.WriteStartObject();
        json.WriteNumber("code"u8, (int)code);
        json.WriteString("message"u8, message);
        json.WriteEndObject();
    }
}
