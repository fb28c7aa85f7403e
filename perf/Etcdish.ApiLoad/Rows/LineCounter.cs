using Etcdish.ApiLoad.Http;

namespace Etcdish.ApiLoad.Rows;

/// <summary>A watch that counts its lines.</summary>
internal sealed class LineCounter : IAsyncDisposable
{
    private readonly HttpConnection _connection;
    private int _ahead;

    private LineCounter(HttpConnection connection) => _connection = connection;

    /// <summary>Opens a watch and waits for the lines of the initial state.</summary>
    public static async Task<LineCounter> OpenAsync(HttpConnection connection, string path, int initialLines, CancellationToken cancellation)
    {
        await connection.SendAsync(HttpConnection.Get(path), cancellation);
        AnswerHead head = await connection.ReadHeadAsync(cancellation);
        if (head.Status != 200)
        {
            throw new InvalidOperationException($"a watch was answered with {head.Status}");
        }

        LineCounter counter = new(connection);
        await counter.CountAsync(initialLines, cancellation);
        return counter;
    }

    /// <summary>Waits for so many lines more.</summary>
    public async Task CountAsync(int lines, CancellationToken cancellation)
    {
        while (_ahead < lines)
        {
            _ahead += await _connection.CountLinesAsync(cancellation);
        }

        _ahead -= lines;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
