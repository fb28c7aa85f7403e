using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Etcdish.Network.Userspace;

/// <summary>
/// Takes the datagrams of one frontend. A client (an address and a port) has a session with one endpoint until it is silent for a while or
/// the endpoint goes.
/// </summary>
internal sealed class UdpFrontend : IFrontendListener
{
    /// <summary>No datagram is longer.</summary>
    internal const int MaxDatagram = 65_535;

    private const int MaxTries = 3;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Dictionary<SocketAddress, UdpSession> _sessions = [];
    private readonly Socket _socket;
    private readonly Backends _backends;
    private readonly UserspaceProxyOptions _options;
    private readonly Action<string> _warn;
    private readonly ITimer _sweeper;
    private readonly IPEndPoint _form;
    private volatile bool _isClosed;

    private UdpFrontend(Socket socket, Backends backends, UserspaceProxyOptions options, Action<string> warn)
    {
        _socket = socket;
        _backends = backends;
        _options = options;
        _warn = warn;
        _form = (IPEndPoint)socket.LocalEndPoint!;
        _sweeper = options.Clock.CreateTimer(
            static frontend => ((UdpFrontend)frontend!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many clients have a session.</summary>
    public int Sessions
    {
        get
        {
            lock (_lock)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>Listens from now on.</summary>
    /// <exception cref="SocketException">It cannot.</exception>
    public static UdpFrontend Listen(Frontend frontend, Backends backends, UserspaceProxyOptions options, Action<string> warn)
    {
        var socket = ListeningSocket.Bind(frontend, SocketType.Dgram, ProtocolType.Udp, options.LocalRanges);
        var listener = new UdpFrontend(socket, backends, options, warn);
        _ = listener.ReceiveAsync();
        return listener;
    }

    /// <inheritdoc/>
    public void BackendsChanged() => Close(session => !_backends.Has(session.Endpoint));

    /// <inheritdoc/>
    public void Dispose()
    {
        _isClosed = true;
        _socket.Dispose();
        _sweeper.Dispose();
        Close(_ => true);
    }

    private async Task ReceiveAsync()
    {
        var peeked = new byte[1];
        var from = new SocketAddress(_socket.AddressFamily);
        while (!_isClosed)
        {
            try
            {
                // Thousands of services wait here: none of them with a buffer of the size of a datagram.
                await _socket.ReceiveAsync(peeked, SocketFlags.Peek);
                await TakeAsync(from);
            }
            catch (Exception e) when (_isClosed && e is SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                _warn($"cannot take datagrams for now: {e.Message}");
                await Task.Delay(_pause, _options.Clock);
            }
        }
    }

    private async ValueTask TakeAsync(SocketAddress from)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MaxDatagram);
        try
        {
            var count = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, from);
            await PassOnAsync(buffer.AsMemory(0, count), from);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask PassOnAsync(ReadOnlyMemory<byte> datagram, SocketAddress from)
    {
        for (var i = 0; i < MaxTries; i++)
        {
            if (Find(from) is not { } session)
            {
                return;
            }

            try
            {
                await session.SendAsync(datagram);
                return;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Nobody is there any more, as an earlier datagram has shown. This one has not been sent: the next endpoint gets it.
                Close(session);
            }
        }
    }

    private UdpSession? Find(SocketAddress from)
    {
        lock (_lock)
        {
            return _isClosed ? null : _sessions.TryGetValue(from, out var known) ? known : Open(from);
        }
    }

    /// <summary>A session for a new client; null: it may not come, or there is no way to any endpoint.</summary>
    private UdpSession? Open(SocketAddress from)
    {
        var client = ((IPEndPoint)_form.Create(from)).Address;
        if (!_backends.Admits(client))
        {
            return null;
        }

        var candidates = _backends.For(client);
        for (var i = 0; i < Math.Min(candidates.Count, MaxTries); i++)
        {
            try
            {
                var session = new UdpSession(_socket, Copy(from), candidates[i], _options.Clock);
                _backends.Remember(client, candidates[i]);
                Add(session);
                return session;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.NetworkUnreachable or SocketError.HostUnreachable)
            {
                // The next one, then.
            }
            catch (SocketException e)
            {
                _warn($"cannot serve a client: {e.Message}");
                return null;
            }
        }

        return null;
    }

    private void Add(UdpSession session)
    {
        if (_sessions.Count >= _options.MaxUdpSessions)
        {
            Remove(_sessions.Values.MinBy(known => known.UsedAt)!);
        }

        if (_sessions.Count == 0)
        {
            _sweeper.Change(_options.UdpIdleTimeout, _options.UdpIdleTimeout / 2);
        }

        _sessions[session.Client] = session;
        _ = RunAsync(session);
    }

    private async Task RunAsync(UdpSession session)
    {
        await session.RunAsync();
        Close(session);
    }

    private void Sweep()
    {
        Close(session => _options.Clock.GetElapsedTime(session.UsedAt) >= _options.UdpIdleTimeout);
        lock (_lock)
        {
            if (_sessions.Count == 0 && !_isClosed)
            {
                _sweeper.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Close(Predicate<UdpSession> condition)
    {
        lock (_lock)
        {
            foreach (var session in _sessions.Values.Where(session => condition(session)).ToList())
            {
                Remove(session);
            }
        }
    }

    private void Close(UdpSession session)
    {
        lock (_lock)
        {
            Remove(session);
        }
    }

    private void Remove(UdpSession session)
    {
        if (_sessions.TryGetValue(session.Client, out var known) && known == session)
        {
            _sessions.Remove(session.Client);
        }

        session.Dispose();
    }

    // The one that receives is written to again by the next datagram.
    private static SocketAddress Copy(SocketAddress address)
    {
        var copy = new SocketAddress(address.Family, address.Size);
        address.Buffer.Span[..address.Size].CopyTo(copy.Buffer.Span);
        return copy;
    }
}
