using System.Net.Sockets;
using System.Text;

namespace Etcdish.ApiServer.Tests.Hostile;

/// <summary>Sends bytes that no client library would send, and reads what comes back until the server closes the connection.</summary>
internal static class RawExchange
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(15);

    /// <summary>The answer; empty if the connection ended without one.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="request">The bytes.</param>
    /// <param name="quiet">
    /// After how long without an end of the answer nothing more is sent, for servers that wait for more; null for never.
    /// </param>
    /// <exception cref="OperationCanceledException">The server neither answered nor closed.</exception>
    public static async Task<string> SendAsync(Uri server, ReadOnlyMemory<byte> request, TimeSpan? quiet = null)
    {
        using var limit = new CancellationTokenSource(_patience);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server.Host, server.Port, limit.Token);
        var answer = ReadAsync(socket, limit.Token);
        try
        {
            for (var rest = request; rest.Length > 0;)
            {
                rest = rest[await socket.SendAsync(rest, limit.Token)..];
            }

            if (quiet is { } time && await Task.WhenAny(answer, Task.Delay(time, limit.Token)) != answer)
            {
                socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (SocketException)
        {
            // The server answered before it had read everything, and closed.
        }

        return await answer;
    }

    public static Task<string> SendAsync(Uri server, string request, TimeSpan? quiet = null) =>
        SendAsync(server, Encoding.UTF8.GetBytes(request), quiet);

    /// <summary>The status code of an answer; 0 for none.</summary>
    public static int StatusOf(string answer) =>
        answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(answer.AsSpan(9, 3)) : 0;

    private static async Task<string> ReadAsync(Socket socket, CancellationToken cancellation)
    {
        var buffer = new byte[64 * 1024];
        var length = 0;
        try
        {
            int read;
            while ((read = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation)) > 0)
            {
                // The rest of a long answer is of no interest.
                length = Math.Min(length + read, buffer.Length - 1024);
            }
        }
        catch (SocketException)
        {
            // Reset: what came before counts.
        }

        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
