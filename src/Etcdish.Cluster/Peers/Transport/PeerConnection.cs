using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Etcdish.Cluster.Peers;

/// <summary>A socket to a member, in plain or under TLS, whose writes must make progress.</summary>
internal sealed class PeerConnection : IDisposable
{
    private const int TcpLevel = 6;
    private const int LinuxTcpUserTimeout = 18;
    private const int SliceBytes = 256 << 10;

    private readonly Socket _socket;
    private readonly TimeSpan _writeTimeout;
    private readonly TimeProvider _clock;
    private CancellationTokenSource _deadline;

    /// <summary>Takes a connected socket over.</summary>
    public PeerConnection(Socket socket, PeerNetworkOptions options)
    {
        _socket = socket;
        _writeTimeout = options.WriteTimeout;
        _clock = options.Clock;
        _deadline = NewDeadline();
        RemoteAddress = (socket.RemoteEndPoint as IPEndPoint)?.Address;
        Remote = socket.RemoteEndPoint?.ToString() ?? "unknown";
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 10);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 3);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        LimitUnacknowledged();
        Stream = new NetworkStream(socket, ownsSocket: false);
        socket.Blocking = false; // For TryWrite. What is awaited does not care.
    }

    /// <summary>The bytes. One reader and one writer at a time.</summary>
    public Stream Stream { get; private set; }

    /// <summary>The other side's address and port.</summary>
    public string Remote { get; }

    /// <summary>The other side's address, where there is one.</summary>
    public IPAddress? RemoteAddress { get; }

    /// <summary>Whether there is something to read, be it the end of the connection.</summary>
    public bool IsReadable => _socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Puts TLS between the socket and <see cref="Stream"/>; it belongs to the connection from then on.</summary>
    public SslStream WrapInTls()
    {
        var tls = new SslStream(Stream, leaveInnerStreamOpen: false);
        Stream = tls;
        return tls;
    }

    /// <summary>Writes all of it; each slice must be taken by the other side within the write timeout.</summary>
    /// <exception cref="IOException">The connection broke, or the other side reads nothing.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlyMemory<byte> slice = bytes[..Math.Min(SliceBytes, bytes.Length)];
            bytes = bytes[slice.Length..];
            ValueTask write = Stream.WriteAsync(slice, StartDeadline());
            if (write.IsCompletedSuccessfully)
            {
                write.GetAwaiter().GetResult();
                continue;
            }

            try
            {
                await write.ConfigureAwait(false);
            }
            catch (OperationCanceledException e)
            {
                throw new IOException($"the other side read nothing for {_writeTimeout.TotalSeconds:0.###} s", e);
            }
        }

        StopDeadline();
    }

    /// <summary>
    /// Writes what the socket takes without waiting. The hot path's way: the other side is usually ready, and no other thread need be woken.
    /// </summary>
    /// <returns>
    /// How many bytes it took: none under TLS, or when the connection is broken, which <see cref="WriteAsync"/> will tell.
    /// </returns>
    public int TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (Stream is SslStream)
        {
            return 0;
        }

        try
        {
            int written = _socket.Send(bytes, SocketFlags.None, out SocketError error);
            return error == SocketError.Success ? written : 0;
        }
        catch (ObjectDisposedException)
        {
            return 0; // Aborted meanwhile.
        }
    }

    /// <summary>Ends whatever reads or writes just now. From any thread; <see cref="Dispose"/> still follows.</summary>
    public void Abort() => _socket.Dispose();

    /// <summary>Closes the connection. Nothing may be reading or writing.</summary>
    public void Dispose()
    {
        Stream.Dispose();
        _socket.Dispose();
        _deadline.Dispose();
    }

    private CancellationToken StartDeadline()
    {
        _deadline.CancelAfter(_writeTimeout);
        return _deadline.Token;
    }

    private void StopDeadline()
    {
        if (!_deadline.TryReset())
        {
            _deadline.Dispose();
            _deadline = NewDeadline();
        }
    }

    private CancellationTokenSource NewDeadline() => new(Timeout.InfiniteTimeSpan, _clock);

    // Without it, the kernel repeats what nobody acknowledges for a quarter of an hour, and a member behind a healed partition waits for
    // the next repetition.
    private void LimitUnacknowledged()
    {
        if (OperatingSystem.IsLinux())
        {
            int milliseconds = (int)Math.Min(int.MaxValue, Math.Max(1, _writeTimeout.TotalMilliseconds));
            _socket.SetRawSocketOption(TcpLevel, LinuxTcpUserTimeout, BitConverter.GetBytes(milliseconds));
        }
    }
}
