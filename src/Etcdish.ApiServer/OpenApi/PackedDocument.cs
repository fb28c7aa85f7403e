using System.IO.Compression;
using System.Security.Cryptography;
using Etcdish.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>
/// A document that is kept compressed: most clients take it so, and it is a tenth of the size. Immutable.
/// </summary>
internal sealed class PackedDocument
{
    private readonly byte[] _gzipped;
    private readonly int _length;

    private PackedDocument(byte[] gzipped, int length, string hash)
    {
        _gzipped = gzipped;
        _length = length;
        Hash = hash;
    }

    /// <summary>The hash of the content; its tag in HTTP has quotes around it.</summary>
    public string Hash { get; }

    public static PackedDocument Of(ReadOnlySpan<byte> content)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(content);
        }

        return new PackedDocument(packed.ToArray(), content.Length, Convert.ToHexString(SHA256.HashData(content)));
    }

    /// <summary>Sends it, unless the client has it.</summary>
    public async Task SendAsync(HttpContext http, string contentType)
    {
        var response = http.Response;
        response.Headers.ETag = $"\"{Hash}\"";
        response.Headers.Vary = "Accept, Accept-Encoding";
        if (http.Request.Headers.IfNoneMatch.ToString().Contains(Hash, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = contentType;
        if (ApiResponse.AcceptsGzip(http.Request))
        {
            response.Headers.ContentEncoding = "gzip";
            response.ContentLength = _gzipped.Length;
            await response.BodyWriter.WriteAsync(_gzipped, http.RequestAborted);
            return;
        }

        response.ContentLength = _length;
        await using var gzip = new GZipStream(new MemoryStream(_gzipped), CompressionMode.Decompress);
        await gzip.CopyToAsync(response.Body, http.RequestAborted);
    }
}
