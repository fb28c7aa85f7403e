namespace Etcdish.Rpc.Http2;

/// <summary>
/// The times of a connection: how long a handshake or a header block may take, when a silent client is pinged and given up, when an idle
/// connection ends, and how a connection ends in order. It has no timer: the server's one clock calls <see cref="Tick"/> about once a
/// second.
/// <para>
/// The end in order has two steps (RFC 9113, section 6.8): a GOAWAY that names no last stream, with a PING; when the client has
/// answered it,
/// or a second later, one that names it. So requests that were on their way are served, and none is left in doubt.
/// </para>
/// </summary>
internal sealed class ConnectionLife(Http2Connection connection)
{
    private const int CloseMilliseconds = 5_000;
    private const int ShutdownPingMilliseconds = 1_000;
    private const int TrimMilliseconds = 10_000;

    private readonly RpcServerOptions _options = connection.Options;
    private readonly long _started = connection.Clock.Milliseconds;
    private long _received = connection.Clock.Milliseconds;
    private long _idleSince = connection.Clock.Milliseconds;
    private long _pinged;
    private long _shutdownSince;
    private long _closingSince;
    private bool _isShutDown;
    private bool _isTrimmed;

    /// <summary>Whether the connection takes no new streams.</summary>
    public bool IsShutDown => Volatile.Read(ref _isShutDown);

    private static ReadOnlySpan<byte> KeepAlivePing => "etcdish?"u8;

    private static ReadOnlySpan<byte> ShutdownPing => "etcdish!"u8;

    /// <summary>Something arrived. Called by the read loop.</summary>
    public void OnReceived() => Volatile.Write(ref _received, connection.Clock.Milliseconds);

    /// <summary>The last stream has ended. Under the gate.</summary>
    public void OnIdle()
    {
        Volatile.Write(ref _idleSince, connection.Clock.Milliseconds);
        Volatile.Write(ref _isTrimmed, false);
    }

    /// <summary>The connection ends; what is left to send gets a little time.</summary>
    public void OnClosing() => Volatile.Write(ref _closingSince, connection.Clock.Milliseconds);

    /// <summary>Looks at all times. Called by the clock's thread.</summary>
    public void Tick()
    {
        long now = connection.Clock.Milliseconds;
        long closingSince = Volatile.Read(ref _closingSince);
        if (closingSince != 0)
        {
            if (now - closingSince > CloseMilliseconds)
            {
                connection.Abort("The client does not read the end of the connection.");
            }

            return;
        }

        CheckHandshake(now);
        CheckSilence(now);
        CheckIdle(now);
        TrimIfIdle(now);
        long shutdownSince = Volatile.Read(ref _shutdownSince);
        if (shutdownSince != 0 && now - shutdownSince >= ShutdownPingMilliseconds)
        {
            FinishShutdown();
        }
    }

    /// <summary>Announces the end of the connection; calls go on.</summary>
    public void BeginShutdown()
    {
        lock (connection.Output.Gate)
        {
            if (_shutdownSince != 0)
            {
                return;
            }

            Volatile.Write(ref _shutdownSince, connection.Clock.Milliseconds);
            connection.Output.WriteGoAway(int.MaxValue, Http2ErrorCode.NoError, "");
            connection.Output.WritePing(FrameFlags.None, ShutdownPing);
        }
    }

    /// <summary>A PING of ours was answered. Called by the read loop.</summary>
    public void OnPingAnswered(ReadOnlySpan<byte> payload)
    {
        if (payload.SequenceEqual(ShutdownPing) && Volatile.Read(ref _shutdownSince) != 0)
        {
            FinishShutdown();
        }
    }

    private void FinishShutdown()
    {
        lock (connection.Output.Gate)
        {
            if (IsShutDown)
            {
                return;
            }

            Volatile.Write(ref _isShutDown, true);
            connection.Output.WriteGoAway(connection.Opener.LastStreamId, Http2ErrorCode.NoError, "");
            connection.CloseIfDone();
        }
    }

    private void CheckHandshake(long now)
    {
        double patience = _options.HandshakeTimeout.TotalMilliseconds;
        if (!connection.HasSettings && now - _started > patience)
        {
            connection.Fail(Http2ErrorCode.ProtocolError, "the client's preface took too long");
        }

        long headersSince = connection.HeadersSince;
        if (headersSince != 0 && now - headersSince > patience)
        {
            connection.Fail(Http2ErrorCode.EnhanceYourCalm, "a header block took too long");
        }
    }

    private void CheckSilence(long now)
    {
        if (_options.KeepAliveInterval == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        long received = Volatile.Read(ref _received);
        if (_pinged != 0 && received >= _pinged)
        {
            _pinged = 0;
        }

        if (_pinged != 0)
        {
            if (now - _pinged >= _options.KeepAliveTimeout.TotalMilliseconds)
            {
                connection.Abort("The client answers no ping.");
            }
        }
        else if (now - received >= _options.KeepAliveInterval.TotalMilliseconds)
        {
            _pinged = now;
            connection.Output.WritePing(FrameFlags.None, KeepAlivePing);
        }
    }

    private void CheckIdle(long now)
    {
        if (_options.IdleTimeout != Timeout.InfiniteTimeSpan
            && connection.IsIdle
            && now - Volatile.Read(ref _idleSince) >= _options.IdleTimeout.TotalMilliseconds)
        {
            BeginShutdown();
        }
    }

    // The read loop owns what there is to free. Over TLS a wait for bytes cannot be interrupted without harm: there the memory stays.
    private void TrimIfIdle(long now)
    {
        if (!_isTrimmed && !connection.IsTls && connection.IsIdle && now - Volatile.Read(ref _idleSince) >= TrimMilliseconds)
        {
            _isTrimmed = true;
            connection.WakeReadLoop();
        }
    }
}
