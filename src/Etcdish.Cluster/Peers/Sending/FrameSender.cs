namespace Etcdish.Cluster.Peers;

/// <summary>
/// Sends frames to one member over a connection that it dials, and dials again when that breaks. Whoever flushes writes all that waits at
/// once, as far as the socket takes it without waiting; one loop writes the rest, and everything under TLS. Nothing comes back on the
/// connection but answers to pings, by which its end is noticed and the round trip measured.
/// </summary>
internal sealed class FrameSender : IDisposable
{
    private const int MaxAnswerBytes = 0;

    private readonly PeerContext _context;
    private readonly ulong _member;
    private readonly PeerCounters _counters;
    private readonly PeerDialer _dialer;
    private readonly PeerOutbox _outbox;
    private readonly Backoff _backoff;
    private readonly AsyncSignal _heardOf = new();
    private readonly Lock _writing = new();
    private PeerConnection? _connection;
    private ReadOnlyMemory<byte> _rest;
    private bool _isActive;
    private long _pingedAt;
    private string? _trouble;

    public FrameSender(PeerContext context, ulong member, IReadOnlyList<PeerUrl> urls, PeerCounters counters)
    {
        _context = context;
        _member = member;
        _counters = counters;
        _dialer = new PeerDialer(context, member, urls);
        _outbox = new PeerOutbox(context.Options.MaxOutboxBytes);
        _backoff = new Backoff(context);
    }

    /// <summary>Whether the connection stands.</summary>
    public bool IsActive => Volatile.Read(ref _isActive);

    /// <summary>Queues a frame, which leaves with the next <see cref="Flush"/>.</summary>
    /// <returns>False: the member cannot be reached, or too much waits for it.</returns>
    public bool TryGather(ReadOnlySpan<byte> frame)
    {
        if (frame.Length <= _context.Options.MaxFrameBytes && _outbox.TryAdd(frame))
        {
            return true;
        }

        _counters.SendFailed(1);
        return false;
    }

    /// <summary>Sends what waits; never waits itself. From any thread.</summary>
    public void Flush()
    {
        if (_outbox.IsEmpty)
        {
            return;
        }

        bool isSent = false;
        if (_writing.TryEnter())
        {
            try
            {
                isSent = _connection is { } connection && TakeAndWrite(connection).IsEmpty;
            }
            finally
            {
                _writing.Exit();
            }
        }

        if (!isSent)
        {
            _outbox.Wake();
        }
    }

    /// <summary>Measures the round trip, unless the last measurement is not over.</summary>
    public void Ping()
    {
        if (!IsActive || Interlocked.CompareExchange(ref _pingedAt, _context.Options.Clock.GetTimestamp(), 0) != 0)
        {
            return;
        }

        if (_outbox.TryAdd(default))
        {
            Flush();
        }
        else
        {
            Volatile.Write(ref _pingedAt, 0);
        }
    }

    /// <summary>The member has shown that it lives: there is no use in waiting long to dial it.</summary>
    public void HeardOf() => _heardOf.Set();

    /// <summary>Sends until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using CancellationTokenRegistration wake = stop.Register(() =>
        {
            _outbox.Wake();
            _heardOf.Set();
        });
        while (!stop.IsCancellationRequested)
        {
            _outbox.Open();
            await ConnectAndSendAsync(stop).ConfigureAwait(false);
            Volatile.Write(ref _isActive, false);
            _counters.SendFailed(_outbox.Close());
            Volatile.Write(ref _pingedAt, 0);
            _context.Inbox.Unreachable(_member);
            if (!stop.IsCancellationRequested)
            {
                await WaitAsync(_backoff.Next(), stop).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Gives the buffers back; <see cref="RunAsync"/> has ended.</summary>
    public void Dispose() => _outbox.Dispose();

    private async ValueTask ConnectAndSendAsync(CancellationToken stop)
    {
        try
        {
            using PeerConnection connection = await _dialer.DialAsync(ConnectionKind.Log, stop).ConfigureAwait(false);
            using CancellationTokenRegistration abort = stop.Register(connection.Abort);
            Connected(connection);
            long since = _context.Options.Clock.GetTimestamp();
            try
            {
                await SendUntilBrokenAsync(connection).ConfigureAwait(false);
            }
            finally
            {
                if (_context.Options.Clock.GetElapsedTime(since) >= _context.Options.MaxBackoff)
                {
                    _backoff.Reset();
                }
            }
        }
        catch (Exception e) when (ConnectionFailure.Is(e))
        {
            if (!stop.IsCancellationRequested)
            {
                InTrouble(e);
            }
        }
    }

    private async ValueTask SendUntilBrokenAsync(PeerConnection connection)
    {
        Task watching = WatchAsync(connection);
        _ = watching.ContinueWith(
            static (_, outbox) => ((PeerOutbox)outbox!).Wake(),
            _outbox,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        try
        {
            Use(connection);
            while (!watching.IsCompleted)
            {
                ReadOnlyMemory<byte> rest = TakeAndWriteAlone(connection);
                if (rest.IsEmpty)
                {
                    await _outbox.WaitAsync().ConfigureAwait(false);
                    continue;
                }

                await connection.WriteAsync(rest).ConfigureAwait(false);
                _counters.Sent(rest.Length);
                RestIsWritten();
            }
        }
        catch
        {
            // The first reason counts: what the watch finds after this is that the connection was closed here.
            connection.Abort();
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        finally
        {
            Use(null);
        }

        await watching.ConfigureAwait(false);
    }

    private void Use(PeerConnection? connection)
    {
        lock (_writing)
        {
            _connection = connection;
            _rest = default;
        }
    }

    private ReadOnlyMemory<byte> TakeAndWriteAlone(PeerConnection connection)
    {
        lock (_writing)
        {
            return TakeAndWrite(connection);
        }
    }

    // With the lock held. While a rest is being written, nothing may be taken: its bytes are still the outbox's.
    private ReadOnlyMemory<byte> TakeAndWrite(PeerConnection connection)
    {
        if (_rest.IsEmpty)
        {
            ReadOnlyMemory<byte> envelopes = _outbox.Take();
            int written = envelopes.IsEmpty ? 0 : connection.TryWrite(envelopes.Span);
            _counters.Sent(written);
            _rest = envelopes[written..];
        }

        return _rest;
    }

    private void RestIsWritten()
    {
        lock (_writing)
        {
            _rest = default;
        }
    }

    private async Task WatchAsync(PeerConnection connection)
    {
        using var reader = new EnvelopeReader(connection.Stream, MaxAnswerBytes);
        try
        {
            while (true)
            {
                int read = await reader.FillAsync(CancellationToken.None).ConfigureAwait(false);
                if (read == 0)
                {
                    throw new IOException("the other side closed the connection");
                }

                _counters.Received(read);
                while (reader.TryTake(out _))
                {
                    PingAnswered();
                }
            }
        }
        finally
        {
            connection.Abort(); // A write that waits for the other side must not wait for the write timeout too.
        }
    }

    private void PingAnswered()
    {
        long pingedAt = Interlocked.Exchange(ref _pingedAt, 0);
        if (pingedAt != 0)
        {
            _context.Options.OnRoundTrip?.Invoke(_member, _context.Options.Clock.GetElapsedTime(pingedAt));
        }
    }

    // At least the shortest wait always passes, so that two members that hang up on each other do not spin.
    private async ValueTask WaitAsync(TimeSpan wait, CancellationToken stop)
    {
        TimeProvider clock = _context.Options.Clock;
        TimeSpan least = wait < _context.Options.MinBackoff ? wait : _context.Options.MinBackoff;
        try
        {
            await Task.Delay(least, clock, stop).ConfigureAwait(false);
            if (wait > least)
            {
                using ITimer timer = clock.CreateTimer(
                    static signal => ((AsyncSignal)signal!).Set(), _heardOf, wait - least, Timeout.InfiniteTimeSpan);
                await _heardOf.WaitAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The loop that called looks at the token.
        }
    }

    private void Connected(PeerConnection connection)
    {
        Volatile.Write(ref _isActive, true);
        if (_trouble is not null)
        {
            _trouble = null;
            _context.Tell(new PeerNotice(false, _member, PeerRefusal.None, $"connected to member {_member:x} at {connection.Remote}"));
        }
    }

    private void InTrouble(Exception e)
    {
        if (IsActive)
        {
            _counters.Disconnected();
        }

        string trouble = $"no connection to member {_member:x}: {ConnectionFailure.Describe(e)}";
        if (trouble != _trouble)
        {
            _trouble = trouble;
            _context.Tell(new PeerNotice(true, _member, (e as PeerRefusedException)?.Refusal ?? PeerRefusal.None, trouble));
        }
    }
}
