using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Http;

/// <summary>Sends whole bodies; large ones compressed when the client takes that.</summary>
internal static class ApiResponse
{
    public const string Json = "application/json";

    /// <summary>Bodies from this size on are compressed: below it, time is worth more than bytes.</summary>
    public const int LargeBytes = 128 * 1024;

    public static async Task SendAsync(HttpContext http, int status, ReadOnlyMemory<byte> body, string contentType = Json)
    {
        var response = http.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        if (body.Length < LargeBytes || !AcceptsGzip(http.Request))
        {
            response.ContentLength = body.Length;
            await response.BodyWriter.WriteAsync(body, http.RequestAborted);
            return;
        }

        SayGzip(response);
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

    public static void SayGzip(HttpResponse response)
    {
        response.Headers.ContentEncoding = "gzip";
        response.Headers.Append("Vary", "Accept-Encoding");
    }

    public static bool AcceptsGzip(HttpRequest request) =>
        MediaType.ParseList(request.Headers.AcceptEncoding.ToString()).Any(coding => coding.Name == "gzip" && coding["q"] != "0");
}
