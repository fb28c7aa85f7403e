using System.Net;
using System.Net.Sockets;

namespace Etcdish.Client.Tests.Fakes;

/// <summary>A TCP relay in front of a server that counts what clients send, and can break all connections.</summary>
internal sealed class Relay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _serverPort;
    private readonly Lock _gate = new();
    private readonly List<TcpClient> _open = [];
    private long _bytesLeft;
    private TaskCompletionSource _passedOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Relay(int serverPort)
    {
        _serverPort = serverPort;
        _listener.Start();
        _ = AcceptAllAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Ends when clients have sent so many bytes more.</summary>
    public Task WaitForBytesAsync(long count)
    {
        lock (_gate)
        {
            _bytesLeft = count;
            _passedOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _passedOn.Task;
        }
    }

    /// <summary>Closes every connection; new ones are accepted.</summary>
    public void Break()
    {
        lock (_gate)
        {
            _open.ForEach(connection => connection.Dispose());
            _open.Clear();
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        Break();
    }

    private async Task AcceptAllAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                TcpClient server = new();
                await server.ConnectAsync(IPAddress.Loopback, _serverPort);
                lock (_gate)
                {
                    _open.AddRange([client, server]);
                }

                _ = CopyAsync(client.GetStream(), server.GetStream(), Count);
                _ = CopyAsync(server.GetStream(), client.GetStream(), _ => { });
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private void Count(int bytes)
    {
        lock (_gate)
        {
            _bytesLeft -= bytes;
            if (_bytesLeft <= 0)
            {
                _passedOn.TrySetResult();
            }
        }
    }

    private static async Task CopyAsync(NetworkStream from, NetworkStream to, Action<int> count)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer) is int read and > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, read));
                count(read);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Broken, as asked for.
        }
    }
}
