using Etcdish.Streaming.Spdy;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Streaming.Sessions;

/// <summary>A command's streams as streams of a SPDY connection, which the client opens and names by a header.</summary>
internal sealed class SpdyCommandChannels : ICommandChannels
{
    private const string TypeHeader = "streamtype";
    private const string V4 = "v4.channel.k8s.io";
    private const string V2 = "v2.channel.k8s.io";

    private static readonly string[] _protocols = [V4, "v3.channel.k8s.io", V2];

    private readonly SpdyConnection _connection;
    private readonly Dictionary<string, SpdyStream> _streams;

    private SpdyCommandChannels(SpdyConnection connection, Dictionary<string, SpdyStream> streams, bool hasStatus)
    {
        _connection = connection;
        _streams = streams;
        HasStatus = hasStatus;
    }

    public SessionStream? Stdin => _streams.GetValueOrDefault("stdin");

    public SessionStream? Stdout => _streams.GetValueOrDefault("stdout");

    public SessionStream? Stderr => _streams.GetValueOrDefault("stderr");

    public SessionStream? Resize => _streams.GetValueOrDefault("resize");

    public SessionStream Error => _streams["error"];

    public bool HasStatus { get; }

    public CancellationToken Closed => _connection.Closed;

    /// <summary>Accepts a request and waits for its streams; null if it is refused and answered, or the streams do not come.</summary>
    public static async Task<SpdyCommandChannels?> AcceptAsync(HttpContext http, CommandStreams streams, StreamingLimits limits)
    {
        if (await Upgrade.ChooseStreamProtocolAsync(http, _protocols) is not { } protocol)
        {
            return null;
        }

        var expected = Expected(streams, hasResize: protocol != V2);
        var connection = await Upgrade.AcceptSpdyAsync(http, limits);
        if (await AcceptStreamsAsync(connection, expected, limits) is { } opened)
        {
            return new SpdyCommandChannels(connection, opened, hasStatus: protocol == V4);
        }

        await connection.CloseAsync();
        return null;
    }

    public async Task CloseAsync()
    {
        foreach (var stream in _streams.Values)
        {
            await stream.CompleteWritesAsync();
        }

        await _connection.CloseAsync();
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static HashSet<string> Expected(CommandStreams streams, bool hasResize)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { "error" };
        AddIf(streams.Stdin, "stdin");
        AddIf(streams.Stdout, "stdout");
        AddIf(streams.Stderr, "stderr");
        AddIf(streams.Tty && hasResize, "resize");
        return names;

        void AddIf(bool isWanted, string name)
        {
            if (isWanted)
            {
                names.Add(name);
            }
        }
    }

    private static async Task<Dictionary<string, SpdyStream>?> AcceptStreamsAsync(
        SpdyConnection connection, HashSet<string> expected, StreamingLimits limits)
    {
        using var patience = new CancellationTokenSource(limits.StreamWait, limits.Clock);
        var streams = new Dictionary<string, SpdyStream>(StringComparer.Ordinal);
        try
        {
            while (streams.Count < expected.Count)
            {
                if (await connection.AcceptStreamAsync(patience.Token) is not { } stream)
                {
                    return null;
                }

                if (!expected.Contains(stream.Headers.GetValueOrDefault(TypeHeader, "")) || !streams.TryAdd(stream.Headers[TypeHeader], stream))
                {
                    stream.Reset(SpdyResetCode.RefusedStream);
                    continue;
                }

                await stream.AcceptAsync(patience.Token);
            }
        }
        catch (Exception e) when (SpdyConnection.IsEndOfTransport(e))
        {
            return null;
        }

        return streams;
    }
}
