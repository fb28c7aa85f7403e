using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Streaming.Sessions;

/// <summary>
/// The kubelet's end of <c>exec</c> and <c>attach</c>: the streams of a command, over whichever protocol the client speaks. End it by
/// <see cref="EndAsync"/>; without that disposing cuts it.
/// </summary>
public sealed class RemoteCommandSession : IAsyncDisposable
{
    private readonly ICommandChannels _channels;
    private readonly Channel<TerminalSize> _sizes;
    private readonly Task _reading;

    private RemoteCommandSession(ICommandChannels channels)
    {
        _channels = channels;
        _sizes = Channel.CreateBounded<TerminalSize>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        _reading = ReadSizesAsync();
    }

    /// <summary>The command's input, which ends when the client's does; null if it sends none.</summary>
    public SessionStream? Stdin => _channels.Stdin;

    /// <summary>Takes the command's output; null if the client reads none.</summary>
    public SessionStream? Stdout => _channels.Stdout;

    /// <summary>Takes the command's errors; null if the client reads none.</summary>
    public SessionStream? Stderr => _channels.Stderr;

    /// <summary>Sizes of the client's terminal, of which only the last counts. Completes with the session.</summary>
    public ChannelReader<TerminalSize> Sizes => _sizes.Reader;

    /// <summary>Cancelled when the client is gone.</summary>
    public CancellationToken Closed => _channels.Closed;

    /// <summary>
    /// Accepts a request for a session: a WebSocket, or an upgrade to SPDY/3.1. Null: it was refused and answered, or the client went away.
    /// </summary>
    /// <param name="http">The request. It is over when its handler returns, so the handler must stay for the session's time.</param>
    /// <param name="streams">What the client wants.</param>
    /// <param name="limits">Bounds.</param>
    /// <exception cref="IOException">The client went away.</exception>
    public static async Task<RemoteCommandSession?> AcceptAsync(HttpContext http, CommandStreams streams, StreamingLimits limits)
    {
        if (Upgrade.IsSpdy(http))
        {
            return await SpdyCommandChannels.AcceptAsync(http, streams, limits) is { } spdy ? new RemoteCommandSession(spdy) : null;
        }

        if (!Upgrade.IsWebSocket(http))
        {
            await Upgrade.RefuseAsync(http, 400, "Upgrade request required");
            return null;
        }

        if (await WebSocketCommandChannels.AcceptAsync(http, streams, limits) is not { } channels)
        {
            return null;
        }

        await channels.GreetAsync(http.RequestAborted);
        return new RemoteCommandSession(channels);
    }

    /// <summary>
    /// Tells the client how the command ended, and waits until it has taken everything and hung up. All output must have been written.
    /// </summary>
    public async Task EndAsync(CommandResult result)
    {
        try
        {
            var text = _channels.HasStatus ? result.ToStatus().ToJsonString() : result.ToText();
            if (text.Length > 0)
            {
                await _channels.Error.WriteAsync(Encoding.UTF8.GetBytes(text), Closed);
            }

            await _channels.CloseAsync();
        }
        catch (Exception e) when (Spdy.SpdyConnection.IsEndOfTransport(e))
        {
            // The client did not wait for the end.
            await _channels.DisposeAsync();
        }

        await _reading;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _channels.DisposeAsync();
        await _reading;
    }

    private async Task ReadSizesAsync()
    {
        try
        {
            if (_channels.Resize is { } resize)
            {
                await TerminalSize.ReadAllAsync(resize, size => _sizes.Writer.TryWrite(size));
            }
        }
        catch (Exception e) when (Spdy.SpdyConnection.IsEndOfTransport(e))
        {
            // So ended the session.
        }

        _sizes.Writer.TryComplete();
    }
}
