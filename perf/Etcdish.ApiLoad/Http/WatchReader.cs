using System.Buffers;

namespace Etcdish.ApiLoad.Http;

/// <summary>Is given one line of a watch, without its end.</summary>
internal delegate void WatchLineHandler(ReadOnlySpan<byte> line);

/// <summary>A watch whose lines are looked at.</summary>
internal sealed class WatchReader : IAsyncDisposable
{
    private readonly HttpConnection _connection;
    private readonly ArrayBufferWriter<byte> _come = new(256 * 1024);

    private WatchReader(HttpConnection connection) => _connection = connection;

    /// <exception cref="InvalidOperationException">The server refuses.</exception>
    public static async Task<WatchReader> OpenAsync(HttpConnection connection, string path, CancellationToken cancellation)
    {
        await connection.SendAsync(HttpConnection.Get(path), cancellation);
        AnswerHead head = await connection.ReadHeadAsync(cancellation);
        return head.Status == 200
            ? new WatchReader(connection)
            : throw new InvalidOperationException($"a watch was answered with {head.Status}");
    }

    /// <summary>Waits for more, and hands on the lines that have ended.</summary>
    public async ValueTask ReadAsync(WatchLineHandler onLine, CancellationToken cancellation)
    {
        if (!await _connection.ReadChunkAsync(_come, cancellation))
        {
            throw new InvalidOperationException("a watch has ended");
        }

        HandOn(onLine);
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private void HandOn(WatchLineHandler onLine)
    {
        ReadOnlySpan<byte> rest = _come.WrittenSpan;
        int end;
        while ((end = rest.IndexOf((byte)'\n')) >= 0)
        {
            onLine(rest[..end]);
            rest = rest[(end + 1)..];
        }

        if (rest.IsEmpty)
        {
            _come.ResetWrittenCount();
        }
        else if (rest.Length < _come.WrittenCount)
        {
            byte[] kept = rest.ToArray();
            _come.ResetWrittenCount();
            _come.Write(kept);
        }
    }
}
