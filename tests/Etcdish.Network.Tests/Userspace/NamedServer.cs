using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Network.Services;

namespace Etcdish.Network.Tests.Userspace;

/// <summary>An endpoint: says its name on each connection, then gives back all that it gets, until the client has ended.</summary>
internal sealed class NamedServer : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly string _name;
    private readonly Task _serving;

    public NamedServer(string name, IPAddress? address = null)
    {
        _name = name;
        address ??= IPAddress.Loopback;
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _socket.Bind(new IPEndPoint(address, 0));
        _socket.Listen();
        _serving = ServeAsync();
    }

    public ServiceEndpoint Endpoint
    {
        get
        {
            var local = (IPEndPoint)_socket.LocalEndPoint!;
            return new ServiceEndpoint(local.Address, local.Port, IsLocal: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _socket.AcceptAsync()));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                await client.SendAsync(Encoding.UTF8.GetBytes(_name + ":"));
                var buffer = new byte[64 * 1024];
                int count;
                while ((count = await client.ReceiveAsync(buffer)) > 0)
                {
                    if (buffer.AsSpan(0, count).SequenceEqual("reset"u8))
                    {
                        client.LingerState = new LingerOption(true, 0);
                        return;
                    }

                    await client.SendAsync(buffer.AsMemory(0, count));
                }

                client.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // The client has reset the connection.
            }
        }
    }
}
