using System.Net;
using System.Runtime.InteropServices;

namespace Etcdish.Kubernetes.Client;

/// <summary>
/// A body that is in memory as a whole. Who sends or reads it within the process takes the bytes as they are; for everybody else it is
/// an ordinary content.
/// </summary>
/// <param name="bytes">The body; not to be changed any more.</param>
public sealed class WholeContent(ReadOnlyMemory<byte> bytes) : HttpContent
{
    /// <summary>The body.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>The bytes of any content: those in memory, or what can be read.</summary>
    /// <param name="content">A content that is read for the first time.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="HttpRequestException">The body breaks off.</exception>
    public static async ValueTask<byte[]> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(content);
        return content is not WholeContent whole ? await content.ReadAsByteArrayAsync(cancellation)
            : MemoryMarshal.TryGetArray(whole.Bytes, out var part) && part.Count == part.Array!.Length ? part.Array
            : whole.Bytes.ToArray();
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(bytes, cancellationToken).AsTask();

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return true;
    }
}
