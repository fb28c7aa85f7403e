using System.Buffers;
using System.IO.Pipelines;

namespace Etcdish.Kubernetes.Informers;

/// <summary>Cuts the answer to a watch into lines.</summary>
internal static class WatchReader
{
    private const int BufferBytes = 64 * 1024;
    private const int LeastRead = 16 * 1024;

    /// <summary>What is done with a line.</summary>
    public delegate void LineHandler(ReadOnlySpan<byte> line);

    /// <summary>Reads to the end. What stands behind the last end of a line was cut off, and is not a line.</summary>
    public static async Task ReadAsync(Stream stream, LineHandler take, CancellationToken cancellation)
    {
        var lines = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferBytes, minimumReadSize: LeastRead));
        try
        {
            while (true)
            {
                var read = await lines.ReadAsync(cancellation);
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    Take(buffer.Slice(0, end), take);
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }

                lines.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        finally
        {
            await lines.CompleteAsync();
        }
    }

    private static void Take(in ReadOnlySequence<byte> line, LineHandler take)
    {
        if (line.IsEmpty)
        {
            return;
        }

        if (line.IsSingleSegment)
        {
            take(line.FirstSpan);
            return;
        }

        var length = (int)line.Length;
        var copy = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            line.CopyTo(copy);
            take(copy.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }
}
