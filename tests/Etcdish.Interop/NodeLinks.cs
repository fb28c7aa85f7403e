using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>
/// The network of two machines and of a third that is no node: each has a network namespace of its own, and nothing of it reaches the tests'
/// machine. Either all are on one link, or the nodes are on two links with the third as the router between them.
/// </summary>
internal sealed class NodeLinks : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(10);
    private static int _count;

    private readonly string _tag = $"edn{(Environment.ProcessId + Interlocked.Increment(ref _count)) % 100_000}";

    private NodeLinks(bool isRouted) => IsRouted = isRouted;

    /// <summary>Whether there is a router between the nodes.</summary>
    public bool IsRouted { get; }

    /// <summary>The addresses of the nodes.</summary>
    public IReadOnlyList<string> Nodes => IsRouted ? ["172.30.1.1", "172.30.2.1"] : ["172.30.0.1", "172.30.0.2"];

    /// <summary>The address by which the third machine comes to a node.</summary>
    public string OutsideOf(int node) => IsRouted ? $"172.30.{node + 1}.254" : "172.30.0.254";

    /// <summary>Builds it; without root or the kernel's help the running test is skipped or fails.</summary>
    public static NodeLinks Create(bool isRouted)
    {
        Tools.Require("ip", "apt-get install iproute2");
        Tools.Require("nft", "apt-get install nftables");
        var links = new NodeLinks(isRouted);
        try
        {
            links.Build();
            return links;
        }
        catch (InvalidOperationException refused)
        {
            links.Dispose();
            Tools.Missing($"network namespaces need root and a kernel that has them: {refused.Message}");
            throw;
        }
    }

    /// <summary>What runs a program on a node, with the machine's mounts.</summary>
    public IReadOnlyList<string> LauncherOf(int node) => Launcher(NameOf(node));

    /// <summary>Runs a program on a node.</summary>
    public CommandResult RunAt(int node, string command) => Run([.. LauncherOf(node), .. CommandLine.Split(command)]);

    /// <summary>Runs a program on the third machine.</summary>
    public CommandResult RunOutside(string command) => Run([.. Launcher(Outside), .. CommandLine.Split(command)]);

    public void Dispose()
    {
        // Each by itself: what was never made cannot be deleted, and must not keep the rest. Links go with their namespaces.
        foreach (var name in (string[])[NameOf(0), NameOf(1), Outside])
        {
            Run(["ip", "netns", "del", name]);
        }
    }

    private string Outside => _tag + "-out";

    private string NameOf(int node) => $"{_tag}-{node}";

    private static string[] Launcher(string name) => ["nsenter", $"--net=/run/netns/{name}"];

    private void Build()
    {
        Ip($"netns add {Outside}");
        Ip($"-n {Outside} link set lo up");
        if (!IsRouted)
        {
            Ip($"-n {Outside} link add lan type bridge");
            Ip($"-n {Outside} addr add {OutsideOf(0)}/24 dev lan");
            Ip($"-n {Outside} link set lan up");
        }

        for (var node = 0; node < Nodes.Count; node++)
        {
            Ip($"netns add {NameOf(node)}");
            Ip($"-n {NameOf(node)} link set lo up");
            Ip($"-n {NameOf(node)} link add eth0 type veth peer name node{node} netns {Outside}");
            Ip($"-n {NameOf(node)} addr add {Nodes[node]}/24 dev eth0");
            Ip($"-n {NameOf(node)} link set eth0 up");
            Ip(IsRouted ? $"-n {Outside} addr add {OutsideOf(node)}/24 dev node{node}" : $"-n {Outside} link set node{node} master lan");
            Ip($"-n {Outside} link set node{node} up");
            Ip($"-n {NameOf(node)} route add default via {OutsideOf(node)}");
        }

        if (IsRouted && Run([.. Launcher(Outside), "tee", "/proc/sys/net/ipv4/ip_forward"], "1") is { ExitCode: not 0 } refused)
        {
            throw new InvalidOperationException(refused.ToString());
        }
    }

    private static void Ip(string arguments)
    {
        var result = Run(["ip", .. arguments.Split(' ')]);
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip {arguments}: {result.StandardError.Trim()}");
        }
    }

    private static CommandResult Run(string[] command, string input = "")
    {
        using var process = ChildProcess.Start(command[0], command[1..]);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        return new CommandResult(process.WaitForExit(_limit), process.StandardOutput.Text, process.StandardError.Text);
    }
}
