using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Etcdish.Network.Nftables;
using Etcdish.Network.Routes;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Policies;

/// <summary>
/// Nodes and pods as network namespaces: a node has a bridge, as CNI makes it, with its pods on it. Sockets of this process are opened in
/// any of them. Pods answer on some ports with the address from which they were asked. All goes with the lab.
/// </summary>
internal sealed class NamespaceLab : IAsyncDisposable
{
    private const int NewNetwork = 0x40000000;
    private static readonly HostCommands _host = new();
    private static int _count;

    private readonly string _tag = $"el{Environment.ProcessId % 100_000}-{Interlocked.Increment(ref _count)}";
    private readonly List<string> _names = [];
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _serving = [];

    private NamespaceLab()
    {
    }

    /// <summary>A lab without anything in it; the running test is skipped where there can be none.</summary>
    public static async Task<NamespaceLab> CreateAsync()
    {
        Tools.Require("ip", "apt-get install iproute2");
        Tools.Require("nft", "apt-get install nftables");
        var lab = new NamespaceLab();
        try
        {
            await lab.AddAsync("probe");
        }
        catch (IOException e)
        {
            Tools.Missing($"network namespaces need root and a kernel that has them: {e.Message}");
        }

        return lab;
    }

    /// <summary>Adds a namespace.</summary>
    public async Task AddAsync(string name)
    {
        await _host.RunAsync("ip", ["netns", "add", Full(name)], "", CancellationToken.None);
        _names.Add(name);
        await IpAsync(name, "link set lo up");
    }

    /// <summary>Adds a node: a namespace with a bridge that has these addresses.</summary>
    public async Task AddNodeAsync(string name, params string[] gateways)
    {
        await AddAsync(name);
        await IpAsync(name, ["link add cni0 type bridge mcast_snooping 0", .. gateways.Select(a => $"addr add {a} dev cni0 nodad"), "link set cni0 up"]);
        await HostOf(name).SetAsync("net/ipv4/ip_forward", "1", CancellationToken.None);
    }

    /// <summary>Adds a pod on a node's bridge.</summary>
    public Task AddPodAsync(string node, string name, string gateway, params string[] addresses) =>
        AddPodAsync(node, name, [gateway], addresses);

    /// <summary>Adds a pod on a node's bridge, with ways out of each family.</summary>
    public async Task AddPodAsync(string node, string name, string[] gateways, string[] addresses)
    {
        await AddAsync(name);
        await IpAsync(node, $"link add name {name} type veth peer name eth0 netns {Full(name)}", $"link set dev {name} master cni0 up");
        await IpAsync(name, [.. addresses.Select(a => $"addr add {a} dev eth0 nodad"), "link set eth0 up", .. gateways.Select(a => $"route add default via {a}")]);
    }

    /// <summary>Joins two namespaces by a link, whose other end may have no address.</summary>
    public async Task JoinAsync(string one, string oneDevice, string oneAddress, string other, string otherDevice, string otherAddress)
    {
        await IpAsync(
            one,
            $"link add {oneDevice} type veth peer name {otherDevice} netns {Full(other)}",
            $"addr add {oneAddress} dev {oneDevice}",
            $"link set {oneDevice} up");
        await IpAsync(
            other,
            [.. otherAddress.Length == 0 ? Array.Empty<string>() : [$"addr add {otherAddress} dev {otherDevice}"], $"link set {otherDevice} up"]);
    }

    /// <summary>Runs commands of ip(8) in a namespace.</summary>
    public Task IpAsync(string name, params string[] commands) =>
        _host.RunAsync("ip", ["-n", Full(name), "-batch", "-"], string.Join('\n', commands) + "\n", CancellationToken.None);

    /// <summary>Programs in a namespace.</summary>
    public HostCommands HostOf(string name) => new("ip", "netns", "exec", Full(name));

    /// <summary>The packet filter of a namespace.</summary>
    public INftables NftablesOf(string name) => new NamespaceNftables(HostOf(name));

    /// <summary>Lets a pod answer.</summary>
    public void Serve(string name, ProtocolType protocol, int port)
    {
        var socket = Open(name, AddressFamily.InterNetworkV6, protocol);
        socket.DualMode = true;
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        if (protocol == ProtocolType.Tcp)
        {
            socket.Listen();
        }

        _serving.Add(protocol == ProtocolType.Tcp ? ServeTcpAsync(socket) : ServeUdpAsync(socket));
    }

    /// <summary>Asks a pod from a namespace: the address that it was asked from; null: it did not answer in this time.</summary>
    public async Task<string?> AskAsync(string from, IPAddress address, ProtocolType protocol, int port, TimeSpan patience)
    {
        var socket = Open(from, address.AddressFamily, protocol);
        using var late = new CancellationTokenSource(patience);
        try
        {
            await socket.ConnectAsync(address, port, late.Token);
            await socket.SendAsync("?"u8.ToArray(), late.Token);
            var answer = new byte[64];
            return Encoding.ASCII.GetString(answer, 0, await socket.ReceiveAsync(answer, late.Token));
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_sockets)
        {
            _sockets.ForEach(socket => socket.Dispose());
        }

        await Task.WhenAll(_serving);
        foreach (var name in _names)
        {
            await _host.RunAsync("ip", ["netns", "del", Full(name)], "", CancellationToken.None);
        }
    }

    private string Full(string name) => $"{_tag}-{name}";

    private static async Task ServeTcpAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                using var accepted = await listener.AcceptAsync();
                await accepted.SendAsync(AddressOf(accepted.RemoteEndPoint!));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The lab is gone.
        }
    }

    private static async Task ServeUdpAsync(Socket socket)
    {
        try
        {
            var buffer = new byte[64];
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.IPv6Any, 0));
                await socket.SendToAsync(AddressOf(received.RemoteEndPoint), received.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The lab is gone.
        }
    }

    private static byte[] AddressOf(EndPoint end)
    {
        var address = ((IPEndPoint)end).Address;
        return Encoding.ASCII.GetBytes((address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString());
    }

    // A socket is of the namespace in which its thread was when it was made. The thread ends with that.
    private Socket Open(string name, AddressFamily family, ProtocolType protocol)
    {
        Socket? socket = null;
        var thread = new Thread(() =>
        {
            using var handle = File.OpenHandle($"/var/run/netns/{Full(name)}");
            if (SetNamespace((int)handle.DangerousGetHandle(), NewNetwork) == 0)
            {
                socket = new Socket(family, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol);
            }
        });
        thread.Start();
        thread.Join();
        lock (_sockets)
        {
            _sockets.Add(socket ?? throw new InvalidOperationException($"no socket in {name}"));
        }

        return socket;
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(int descriptor, int kind);

    private sealed class NamespaceNftables(HostCommands host) : INftables
    {
        public Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation) =>
            host.RunAsync("nft", ["-f", "-"], commands.ToString(), cancellation);
    }
}
