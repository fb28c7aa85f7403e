using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Network.Services;
using Etcdish.Network.Userspace;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Userspace;

/// <summary>A userspace proxy, addresses of the loopback network for its services, and clients.</summary>
internal sealed class ProxyBench : IAsyncDisposable
{
    /// <summary>The port of all services here.</summary>
    public const int Port = 18_077;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private static int _addresses = Environment.ProcessId;

    private readonly List<IAsyncDisposable> _servers = [];

    public ProxyBench()
    {
        Options = new UserspaceProxyOptions
        {
            Clock = Clock,
            Warn = (key, message) =>
            {
                lock (Warnings)
                {
                    Warnings.Add($"{key} {message}");
                }
            },
        };
        Proxy = new UserspaceProxy(Options);
    }

    public ManualClock Clock { get; } = new();

    public List<string> Warnings { get; } = [];

    public UserspaceProxyOptions Options { get; }

    public UserspaceProxy Proxy { get; }

    /// <summary>An address that no other test of this run has.</summary>
    public static IPAddress NewAddress()
    {
        var number = Interlocked.Increment(ref _addresses);
        return new IPAddress([127, 88, (byte)(number / 250 % 250), (byte)(number % 250 + 1)]);
    }

    public ServiceEndpoint AddServer(string name, IPAddress? address = null)
    {
        var server = new NamedServer(name, address);
        _servers.Add(server);
        return server.Endpoint;
    }

    /// <summary>An endpoint where nobody is.</summary>
    public static ServiceEndpoint DeadEndpoint()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(NewAddress(), 0));
        var local = (IPEndPoint)socket.LocalEndPoint!;
        return new ServiceEndpoint(local.Address, local.Port, IsLocal: true);
    }

    public static ServiceRoute Route(string name, IPAddress address, params ServiceEndpoint[] endpoints) => new()
    {
        Key = new ServicePortKey("ns", name, "", "TCP"),
        ClusterIps = new Addresses(address),
        Port = Port,
        InternalEndpoints = new EndpointSet(endpoints),
        ExternalEndpoints = new EndpointSet(endpoints),
    };

    public void Apply(ServiceRoute route) => Proxy.Apply(route.Key, route);

    /// <summary>Connects, sends a text, ends, and returns all that is answered.</summary>
    public static async Task<string> AskAsync(IPAddress address, string text = "", IPAddress? source = null, int port = Port)
    {
        using var socket = await ConnectAsync(address, source, port);
        await socket.SendAsync(Encoding.UTF8.GetBytes(text));
        socket.Shutdown(SocketShutdown.Send);
        return await ReadToEndAsync(socket);
    }

    public static async Task<Socket> ConnectAsync(IPAddress address, IPAddress? source = null, int port = Port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (source is not null)
            {
                socket.Bind(new IPEndPoint(source, 0));
            }

            await socket.ConnectAsync(address, port).WaitAsync(_patience);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static async Task<string> ReadAsync(Socket socket)
    {
        var buffer = new byte[1000];
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer).WaitAsync(_patience));
    }

    public static async Task<string> ReadToEndAsync(Socket socket)
    {
        var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int count;
        while ((count = await socket.ReceiveAsync(buffer).WaitAsync(_patience)) > 0)
        {
            all.Write(buffer, 0, count);
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    /// <summary>The error with which a request ends.</summary>
    public static async Task<SocketError> ErrorOfAsync(Func<Task> request)
    {
        try
        {
            await request();
            return SocketError.Success;
        }
        catch (Exception e) when ((e as SocketException ?? e.InnerException) is SocketException)
        {
            return ((e as SocketException) ?? (SocketException)e.InnerException!).SocketErrorCode;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }
}
