using System.Globalization;
using Etcdish.Streaming.Spdy;

namespace Etcdish.Streaming.Sessions;

/// <summary>
/// Forwarded connections over SPDY: for each the client opens a stream of errors and one of data, which name the same request.
/// </summary>
internal sealed class SpdyPortForward(SpdyConnection connection, PortForwarder forwarder, StreamingLimits limits)
{
    private readonly Dictionary<string, (SpdyStream Stream, CancellationTokenSource Patience)> _waiting = new(StringComparer.Ordinal);
    private readonly Dictionary<Task, bool> _running = [];

    /// <summary>Runs until the client hangs up, and until all that it had begun has ended.</summary>
    public async Task RunAsync()
    {
        while (await connection.AcceptStreamAsync() is { } stream)
        {
            if (!TryReadPort(stream, out var port) || !stream.Headers.TryGetValue("streamtype", out var type) || type is not ("data" or "error"))
            {
                stream.Reset(SpdyResetCode.ProtocolError);
                continue;
            }

            Pair(RequestOf(stream, type), port, type, stream);
        }

        Task[] left;
        lock (_running)
        {
            left = [.. _running.Keys];
        }

        await Task.WhenAll(left);
    }

    private static bool TryReadPort(SpdyStream stream, out int port)
    {
        var text = stream.Headers.GetValueOrDefault("port", "");
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= ushort.MaxValue;
    }

    // Old clients do not name requests. They open the stream of errors first, and that of data next.
    private static string RequestOf(SpdyStream stream, string type) =>
        stream.Headers.TryGetValue("requestid", out var id) ? id : $"{(type == "error" ? stream.Id : stream.Id - 2)}";

    private void Pair(string request, int port, string type, SpdyStream stream)
    {
        (SpdyStream Stream, CancellationTokenSource Patience) other;
        lock (_waiting)
        {
            if (!_waiting.Remove(request, out other))
            {
                _waiting.Add(request, (stream, Wait(request)));
            }
        }

        if (other.Stream is null)
        {
            Start(Accept(stream));
            return;
        }

        other.Patience.Dispose();
        if (other.Stream.Headers["streamtype"] == type)
        {
            stream.Reset(SpdyResetCode.ProtocolError);
            other.Stream.Reset(SpdyResetCode.ProtocolError);
            return;
        }

        var (data, error) = type == "data" ? (stream, other.Stream) : (other.Stream, stream);
        Start(ForwardAsync(port, stream, data, error));
    }

    private CancellationTokenSource Wait(string request)
    {
        var patience = new CancellationTokenSource(limits.StreamWait, limits.Clock);
        patience.Token.Register(() => GiveUp(request));
        return patience;
    }

    private void GiveUp(string request)
    {
        (SpdyStream Stream, CancellationTokenSource Patience) alone;
        lock (_waiting)
        {
            if (!_waiting.Remove(request, out alone))
            {
                return;
            }
        }

        alone.Stream.Reset(SpdyResetCode.RefusedStream);
        alone.Patience.Dispose();
    }

    private static async Task Accept(SpdyStream stream)
    {
        try
        {
            await stream.AcceptAsync();
        }
        catch (Exception e) when (PortForwardPair.IsEnd(e))
        {
            // With its connection goes the stream.
        }
    }

    private async Task ForwardAsync(int port, SpdyStream last, SpdyStream data, SpdyStream error)
    {
        try
        {
            await last.AcceptAsync();
            error.DiscardReceived();
            await PortForwardPair.RunAsync(port, data, error, forwarder, connection.Closed);
        }
        catch (Exception e) when (PortForwardPair.IsEnd(e))
        {
            // The client is gone, or wants no more of this connection.
        }
        finally
        {
            await data.DisposeAsync();
            await error.DisposeAsync();
        }
    }

    private void Start(Task task)
    {
        lock (_running)
        {
            _running.Add(task, true);
        }

        _ = task.ContinueWith(
            done =>
            {
                lock (_running)
                {
                    _running.Remove(done);
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }
}
