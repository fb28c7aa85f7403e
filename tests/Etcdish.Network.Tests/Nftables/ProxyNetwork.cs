using Etcdish.Network.Links;
using Etcdish.Network.Nftables;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>
/// A node with two pods on its bridge, a pod on another node, and a client outside, each in a network namespace of its own. The node is the
/// router between all of them. Needs root, ip and nft.
/// </summary>
/// <remarks>
/// <code>
/// p1 10.77.1.11 fd77:1::11 ─┐
/// p2 10.77.1.12 fd77:1::12 ─┴─ br0 10.77.1.1 │ node │ 192.0.2.1 ── client 192.0.2.2
///                                            │      │ 10.77.2.1 ── far 10.77.2.11 (a pod elsewhere)
/// </code>
/// </remarks>
internal sealed class ProxyNetwork : IDisposable
{
    public const string NodeAddress = "192.0.2.1";
    public const string ClientAddress = "192.0.2.2";

    private static int _count;
    private readonly string _tag = $"ep{Environment.ProcessId % 100_000}x{Interlocked.Increment(ref _count)}";

    private ProxyNetwork()
    {
    }

    public string Node => $"{_tag}n";

    /// <summary>The program nft on the node.</summary>
    public NftProgram NftProgram() => new("ip", "netns", "exec", Node, "nft");

    /// <summary>The node's packet filter, by whichever way is quicker.</summary>
    public NftKernel NftKernel() => new(NftProgram(), () => NetworkNamespaces.In(Node, static () => new NetlinkSocket()));

    public static ProxyNetwork Create()
    {
        Tools.Require("nft", "apt-get install nftables");
        Tools.Require("ip", "apt-get install iproute2");
        var network = new ProxyNetwork();
        try
        {
            network.Build();
            return network;
        }
        catch (InvalidOperationException refused)
        {
            network.Dispose();
            Tools.Missing($"network namespaces need root and a kernel that has them: {refused.Message}");
            throw;
        }
    }

    /// <summary>The namespace of p1, p2, far or client.</summary>
    public string Of(string place) => $"{_tag}{place}";

    /// <summary>What a program says that runs on the node.</summary>
    public string Run(string command) => Shell($"ip netns exec {Node} {command}");

    public void Dispose() => TryShell(string.Join("; ", new[] { "n", "p1", "p2", "far", "client" }.Select(p => $"ip netns del {_tag}{p}")));

    private void Build()
    {
        var n = Node;
        string[] lines =
        [
            $"ip netns add {n}",
            $"ip -n {n} link set lo up",
            $"ip -n {n} link add br0 type bridge",
            $"ip -n {n} addr add 10.77.1.1/24 dev br0",
            $"ip -n {n} addr add fd77:1::1/64 dev br0 nodad",
            $"ip -n {n} link set br0 up",
            .. Member("p1", "10.77.1.11", "10.77.1.1", "fd77:1::11", "fd77:1::1"),
            .. Member("p2", "10.77.1.12", "10.77.1.1", "fd77:1::12", "fd77:1::1"),
            .. Member("far", "10.77.2.11", "10.77.2.1", "fd77:2::11", "fd77:2::1"),
            .. Member("client", ClientAddress, NodeAddress, "fd77:c::2", "fd77:c::1"),
            .. new[] { "p1", "p2" }.SelectMany(pod => new[]
            {
                $"ip -n {n} link set {pod} master br0",
                $"ip -n {n} link set {pod} type bridge_slave hairpin on",
            }),
            $"ip -n {n} addr add 10.77.2.1/24 dev far",
            $"ip -n {n} addr add fd77:2::1/64 dev far nodad",
            $"ip -n {n} addr add {NodeAddress}/24 dev client",
            $"ip -n {n} addr add fd77:c::1/64 dev client nodad",
            $"ip -n {n} route add default via {ClientAddress}",
            $"ip -n {n} route add default via fd77:c::2",
            $"ip netns exec {n} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
            $"ip netns exec {n} sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1",
        ];
        Shell(string.Join(" && ", lines));
    }

    private string[] Member(string name, string v4, string gateway4, string v6, string gateway6) =>
    [
        $"ip netns add {Of(name)}",
        $"ip -n {Node} link add {name} type veth peer name eth0 netns {Of(name)}",
        $"ip -n {Node} link set {name} up",
        $"ip -n {Of(name)} link set lo up",
        $"ip -n {Of(name)} addr add {v4}/24 dev eth0",
        $"ip -n {Of(name)} addr add {v6}/64 dev eth0 nodad",
        $"ip -n {Of(name)} link set eth0 up",
        $"ip -n {Of(name)} route add default via {gateway4}",
        $"ip -n {Of(name)} route add default via {gateway6}",
    ];

    private static void TryShell(string commands)
    {
        using var shell = ChildProcess.Start("sh", ["-c", commands]);
        shell.WaitForExit(TimeSpan.FromSeconds(30));
    }

    private static string Shell(string commands)
    {
        using var shell = ChildProcess.Start("sh", ["-c", commands]);
        return shell.WaitForExit(TimeSpan.FromSeconds(30)) == 0
            ? shell.StandardOutput.Text
            : throw new InvalidOperationException(shell.StandardError.Text.Trim());
    }
}
