using System.Net;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Tests.Policies;

/// <summary>Pods, namespaces and policies by chance, of so few names and labels that they have to do with each other.</summary>
internal sealed class PolicyGenerator(int seed)
{
    private static readonly string[] _namespaces = ["a", "b", "c"];
    private static readonly string[] _protocols = ["TCP", "UDP"];
    private static readonly string[] _names = ["web", "dns"];
    private static readonly string[] _blocks = ["10.0.0.0/29", "10.0.0.8/30", "0.0.0.0/0", "10.0.0.4/31", "10.0.0.3/32", "fd00::/125", "::/0", "fd00::6/127"];
    private readonly Random _random = new(seed);

    public const int Pods = 12;

    public ObjectKey PodKey() => new(Any(_namespaces), $"pod{_random.Next(Pods)}");

    public ObjectKey PolicyKey() => new(Any(_namespaces), $"policy{_random.Next(4)}");

    public string Namespace() => Any(_namespaces);

    public int Next(int count) => _random.Next(count);

    public IPAddress Address() => IPAddress.Parse(_random.Next(3) == 0 ? $"fd00::{_random.Next(Pods) + 1:x}" : $"10.0.0.{_random.Next(Pods + 4) + 1}");

    public string Protocol() => Any(_protocols);

    public int Port() => 79 + _random.Next(6);

    public Dictionary<string, string> Labels() => new() { ["app"] = $"{_random.Next(3)}", ["tier"] = $"{_random.Next(2)}" };

    public Pod Pod(ObjectKey key) => new()
    {
        Metadata = new ObjectMetadata { Namespace = key.Namespace, Name = key.Name, Labels = Labels() },
        Spec = new PodSpec
        {
            NodeName = _random.Next(3) == 0 ? "other" : "here",
            HostNetwork = _random.Next(10) == 0,
            Containers = [new Container { Ports = [.. Several(2).Select(_ => new ContainerPort { Name = Any(_names), Port = Port(), Protocol = Protocol() })] }],
        },
        Status = StatusOf(int.Parse(key.Name[3..]) + 1),
    };

    public NetworkPolicy Policy(ObjectKey key) => new()
    {
        Metadata = new ObjectMetadata { Namespace = key.Namespace, Name = key.Name },
        Spec = new NetworkPolicySpec
        {
            PodSelector = Selector(),
            PolicyTypes = _random.Next(3) switch { 0 => ["Ingress"], 1 => ["Egress"], _ => ["Ingress", "Egress"] },
            Ingress = [.. Several(3).Select(_ => new NetworkPolicyIngressRule { From = Peers(), Ports = Ports() })],
            Egress = [.. Several(3).Select(_ => new NetworkPolicyEgressRule { To = Peers(), Ports = Ports() })],
        },
    };

    private PodStatus StatusOf(int number) => _random.Next(8) == 0
        ? new PodStatus { Phase = "Pending" }
        : new PodStatus
        {
            Phase = _random.Next(8) == 0 ? "Succeeded" : "Running",
            PodIps = [new PodAddress { Ip = $"10.0.0.{number}" }, new PodAddress { Ip = $"fd00::{number:x}" }],
        };

    private NetworkPolicyPeer[] Peers() => [.. Several(3).Select(_ => _random.Next(4) switch
    {
        0 => new NetworkPolicyPeer { PodSelector = Selector() },
        1 => new NetworkPolicyPeer { NamespaceSelector = Selector() },
        2 => new NetworkPolicyPeer { PodSelector = Selector(), NamespaceSelector = Selector() },
        _ => new NetworkPolicyPeer { IpBlock = new IpBlock { Cidr = Any(_blocks), Except = [.. Several(2).Select(_ => Any(_blocks))] } },
    })];

    private NetworkPolicyPort[] Ports() => [.. Several(3).Select(_ => _random.Next(4) switch
    {
        0 => new NetworkPolicyPort { Protocol = Protocol() },
        1 => new NetworkPolicyPort { Protocol = Protocol(), Port = new IntOrString(Any(_names)) },
        2 => new NetworkPolicyPort { Protocol = Protocol(), Port = new IntOrString(Port()) },
        _ => new NetworkPolicyPort { Protocol = Protocol(), Port = new IntOrString(80), EndPort = 80 + _random.Next(4) },
    })];

    private LabelSelector Selector() => LabelSelector.Parse(
        _random.Next(4) switch { 0 => "", 1 => $"app={_random.Next(3)}", 2 => $"tier={_random.Next(2)}", _ => $"app!={_random.Next(3)}" });

    private IEnumerable<int> Several(int most) => Enumerable.Range(0, _random.Next(most));

    private T Any<T>(T[] values) => values[_random.Next(values.Length)];
}
