using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// Header blocks of responses that are not the common ones (those are made once, see <see cref="GrpcHeaderBlocks"/>). A header that cannot
/// be sent throws <see cref="ArgumentException"/>, which is a bug of the handler that set it.
/// </summary>
internal static class ResponseBlocks
{
    /// <summary>A response's headers.</summary>
    /// <param name="status">HTTP's status.</param>
    /// <param name="headers">What else to send.</param>
    public static ReadOnlyMemory<byte> Headers(int status, IHeaderDictionary headers)
    {
        var block = new ArrayBufferWriter<byte>();
        WriteStatus(block, status);
        Write(block, headers);
        return block.WrittenMemory;
    }

    /// <summary>The headers of a gRPC response.</summary>
    /// <param name="headers">What the handler added.</param>
    public static ReadOnlyMemory<byte> GrpcHeaders(IHeaderDictionary headers)
    {
        var block = new ArrayBufferWriter<byte>();
        block.Write(GrpcHeaderBlocks.ResponseHeaders);
        Write(block, headers);
        return block.WrittenMemory;
    }

    /// <summary>The trailers of a gRPC response, or all of it when an error is all that there is.</summary>
    /// <param name="headers">The handler's headers if they have not been sent and shall be part of it.</param>
    /// <param name="status">How the call ended.</param>
    /// <param name="message">Its text, encoded.</param>
    /// <param name="trailers">What the handler added.</param>
    public static ReadOnlyMemory<byte> GrpcStatus(IHeaderDictionary? headers, string status, string message, IHeaderDictionary? trailers)
    {
        var block = new ArrayBufferWriter<byte>();
        if (headers is not null)
        {
            block.Write(GrpcHeaderBlocks.ResponseHeaders);
            Write(block, headers);
        }

        HpackEncoder.Write(block, "grpc-status", status);
        HpackEncoder.Write(block, "grpc-message", message);
        if (trailers is not null)
        {
            Write(block, trailers);
        }

        return block.WrittenMemory;
    }

    /// <summary>The trailers of any other response.</summary>
    public static ReadOnlyMemory<byte> Trailers(IHeaderDictionary trailers)
    {
        var block = new ArrayBufferWriter<byte>();
        Write(block, trailers);
        return block.WrittenMemory;
    }

    /// <summary>A response that is a status and nothing else.</summary>
    public static ReadOnlyMemory<byte> StatusOnly(int status)
    {
        var block = new ArrayBufferWriter<byte>();
        WriteStatus(block, status);
        HpackEncoder.Write(block, "content-length", "0");
        return block.WrittenMemory;
    }

    private static void WriteStatus(ArrayBufferWriter<byte> block, int status) =>
        block.Advance(HpackEncoder.WriteStatus(block.GetSpan(HpackEncoder.MaxStatusBytes), status));

    private static void Write(ArrayBufferWriter<byte> block, IHeaderDictionary headers)
    {
        foreach ((string name, StringValues values) in headers)
        {
            if (KnownHeaders.Find(name.ToLowerInvariant()) is >= KnownHeader.Connection and <= KnownHeader.Upgrade)
            {
                // Of HTTP/1.1's connections; a handler that serves both may set them.
                continue;
            }

            foreach (string? value in values)
            {
                HpackEncoder.Write(block, name, value ?? "");
            }
        }
    }
}
