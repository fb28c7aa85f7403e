namespace Etcdish.Testing;

/// <summary>
/// A network for the members of a cluster in which links can be cut: each member has a network namespace of its own on a bridge to
/// this process, which reaches all of them whatever is cut between them. Needs root and a kernel with namespaces, veth and bridges;
/// elsewhere the running test is skipped with the reason.
/// </summary>
public sealed class NamespaceNetwork : IDisposable
{
    private static int _count;
    private readonly string _tag;
    private readonly string _subnet;
    private readonly int _size;

    private NamespaceNetwork(int size)
    {
        int number = Environment.ProcessId + Interlocked.Increment(ref _count);
        _tag = $"ed{number % 100_000}";
        _subnet = $"10.{200 + number / 250 % 50}.{number % 250}";
        _size = size;
    }

    /// <summary>A network of so many members, all connected.</summary>
    public static NamespaceNetwork Create(int size)
    {
        string ip = Tools.Require("ip", "apt-get install iproute2");
        var network = new NamespaceNetwork(size);
        try
        {
            network.Build();
            return network;
        }
        catch (InvalidOperationException refused)
        {
            network.Dispose();
            Tools.Missing($"network namespaces need root and a kernel that has them ({ip}): {refused.Message}");
            throw;
        }
    }

    /// <summary>This process' own address in it, by which members may reach what is outside.</summary>
    public string Outside => $"{_subnet}.254";

    public string AddressOf(int member) => $"{_subnet}.{member + 1}";

    /// <summary>What runs a program in the member's namespace; the process becomes that program.</summary>
    public IReadOnlyList<string> LauncherOf(int member) => ["ip", "netns", "exec", NameOf(member)];

    /// <summary>As <see cref="LauncherOf"/>, but with the machine's mounts: what a program mounts, those of others see.</summary>
    public IReadOnlyList<string> NetworkLauncherOf(int member) => ["nsenter", $"--net=/run/netns/{NameOf(member)}"];

    /// <summary>
    /// From now on nothing gets from one member to the other; the way back stays open. The sender's kernel drops it: established
    /// connections fall silent, new ones fail.
    /// </summary>
    public void Cut(int from, int to) => Ip($"-n {NameOf(from)} route add blackhole {AddressOf(to)}/32");

    /// <summary>Cuts the member off from all others, both ways.</summary>
    public void Isolate(int member)
    {
        for (int other = 0; other < _size; other++)
        {
            if (other != member)
            {
                Cut(member, other);
                Cut(other, member);
            }
        }
    }

    /// <summary>Joins all that was cut.</summary>
    public void Heal()
    {
        for (int member = 0; member < _size; member++)
            Ip($"-n {NameOf(member)} route flush type blackhole");
    }

    /// <summary>
    /// Lets all that the member sends pass through one of the kernel's queues, such as <c>netem delay 50ms</c> or
    /// <c>tbf rate 1mbit burst 8kb latency 200ms</c>. False when this kernel has no such queue; <paramref name="refusal"/> says so.
    /// </summary>
    public bool TryShape(int member, string queue, out string refusal)
    {
        string tc = Tools.Require("tc", "apt-get install iproute2");
        string[] command = [.. LauncherOf(member), tc, "qdisc", "replace", "dev", "eth0", "root", .. queue.Split(' ')];
        using ChildProcess process = ChildProcess.Start(command[0], command[1..]);
        int exitCode = process.WaitForExit(TimeSpan.FromSeconds(10));
        refusal = process.StandardError.Text.Trim();
        return exitCode == 0;
    }

    public void Dispose()
    {
        // Each by itself: what was never made cannot be deleted, and must not keep the rest.
        for (int member = 0; member < _size; member++)
            TryIp($"netns del {NameOf(member)}");
        TryIp($"link del {_tag}");
    }

    private string NameOf(int member) => $"{_tag}-{member}";

    private void Build()
    {
        Ip($"link add {_tag} type bridge");
        Ip($"addr add {_subnet}.254/24 dev {_tag}");
        Ip($"link set {_tag} up");
        for (int member = 0; member < _size; member++)
        {
            string name = NameOf(member);
            Ip($"netns add {name}");
            Ip($"link add {name} type veth peer name eth0 netns {name}");
            Ip($"link set {name} master {_tag} up");
            Ip($"-n {name} addr add {AddressOf(member)}/24 dev eth0");
            Ip($"-n {name} link set lo up");
            Ip($"-n {name} link set eth0 up");
        }
    }

    private static void TryIp(string arguments)
    {
        using ChildProcess ip = ChildProcess.Start("ip", arguments.Split(' '));
        ip.WaitForExit(TimeSpan.FromSeconds(10));
    }

    private static void Ip(string arguments)
    {
        using ChildProcess ip = ChildProcess.Start("ip", arguments.Split(' '));
        if (ip.WaitForExit(TimeSpan.FromSeconds(10)) != 0)
            throw new InvalidOperationException($"ip {arguments}: {ip.StandardError.Text.Trim()}");
    }
}
