using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Http;

/// <summary>Sends whole bodies; large ones compressed when the client takes that.</summary>
internal static class ApiResponse
{
    public const string Json = "application/json";

    /// <summary>Bodies from this size on are compressed: below it, time is worth more than bytes.</summary>
    private const int CompressedFromBytes = 128 * 1024;

    public static async Task SendAsync(HttpContext http, int status, ReadOnlyMemory<byte> body, string contentType = Json)
    {
        var response = http.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        if (body.Length < CompressedFromBytes || !AcceptsGzip(http.Request))
        {
            response.ContentLength = body.Length;
            await response.BodyWriter.WriteAsync(body, http.RequestAborted);
            return;
        }

        response.Headers.ContentEncoding = "gzip";
        response.Headers.Append("Vary", "Accept-Encoding");
        await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest);
        await gzip.WriteAsync(body, http.RequestAborted);
    }

    public static async Task SendAsync(HttpContext http, ApiException failure)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(512);
        StatusWriter.Write(buffer, failure);
        if (failure.RetryAfterSeconds > 0)
        {
            http.Response.Headers.RetryAfter = failure.RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await SendAsync(http, failure.Code, buffer.WrittenMemory);
    }

    public static bool AcceptsGzip(HttpRequest request) =>
        MediaType.ParseList(request.Headers.AcceptEncoding.ToString()).Any(coding => coding.Name == "gzip" && coding["q"] != "0");
}
