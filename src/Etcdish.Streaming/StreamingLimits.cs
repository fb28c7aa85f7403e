namespace Etcdish.Streaming;

/// <summary>What a session may take of this process, in bytes, streams and time.</summary>
public sealed record StreamingLimits
{
    /// <summary>Bytes that a stream holds for its reader. Behind that the whole connection waits. At least 1.</summary>
    public int ReceiveBufferBytes { get; init; } = 256 * 1024;

    /// <summary>The largest SPDY frame that is no DATA, in bytes. DATA frames may have any length: they are never held whole.</summary>
    public int MaxControlFrameBytes { get; init; } = 32 * 1024;

    /// <summary>The largest inflated block of SPDY headers, in bytes.</summary>
    public int MaxHeaderBytes { get; init; } = 16 * 1024;

    /// <summary>Streams of one connection that are open at the same time. More are refused, one by one.</summary>
    public int MaxStreams { get; init; } = 2048;

    /// <summary>How long the peer may take to open the streams that belong together.</summary>
    public TimeSpan StreamWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After this long without a byte in either direction a connection is cut.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(4);

    /// <summary>How long the peer may take to hang up when all is said. Until then what it still sends is thrown away.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How often a WebSocket sends a pong that nobody asked for. A client that gets no answer to its pings, because they wait behind input
    /// that nobody reads, stays connected by these (kubectl waits 61 s).
    /// </summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The clock of all these times.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
