using System.CommandLine;
using System.Diagnostics;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Policies;
using Etcdish.Network.Routes;

namespace Etcdish.NetLoad;

/// <summary>
/// What network policies cost a node: the table of a whole cluster, and one change of a pod, computed and then carried out by nft in a
/// network namespace of its own.
/// </summary>
internal static class PolicyLoad
{
    private const int Namespaces = 100;
    private const int LocalPods = 110;

    public static Command Command()
    {
        var pods = new Option<int>("--pods") { Description = "pods of the cluster", DefaultValueFactory = _ => 10_000 };
        var policies = new Option<int>("--policies") { Description = "policies of the cluster", DefaultValueFactory = _ => 1_000 };
        var command = new Command("policies", "What network policies cost a node.") { pods, policies };
        command.SetAction((arguments, cancellation) => RunAsync(arguments.GetValue(pods), arguments.GetValue(policies), cancellation));
        return command;
    }

    private static async Task RunAsync(int pods, int policies, CancellationToken cancellation)
    {
        var (host, name) = (new HostCommands(), $"policy-load-{Environment.ProcessId}");
        var table = new PolicyTable("inet etcdish-policy", "here");
        var began = Stopwatch.GetTimestamp();
        Fill(table, pods, policies);
        var whole = table.Image.TakeChanges();
        Console.WriteLine($"{pods} pods, {policies} policies: computed in {Stopwatch.GetElapsedTime(began).TotalMilliseconds:f0} ms, {whole.Length / 1024} KiB");
        await host.RunAsync("ip", ["netns", "add", name], "", cancellation);
        try
        {
            var inside = new HostCommands("ip", "netns", "exec", name);
            began = Stopwatch.GetTimestamp();
            await inside.RunAsync("nft", ["-f", "-"], whole, cancellation);
            Console.WriteLine($"carried out in {Stopwatch.GetElapsedTime(began).TotalMilliseconds:f0} ms");
            await MeasureChangesAsync(table, inside, pods, cancellation);
        }
        finally
        {
            await host.RunAsync("ip", ["netns", "del", name], "", CancellationToken.None);
        }
    }

    private static async Task MeasureChangesAsync(PolicyTable table, HostCommands inside, int pods, CancellationToken cancellation)
    {
        const int computed = 5_000, carriedOut = 50;
        var (size, began) = (0L, Stopwatch.GetTimestamp());
        List<string> last = [];
        for (var i = 0; i < computed; i++)
        {
            var number = i % pods;
            table.SetPod(KeyOf(number), PodOf(number, shift: i / pods + 1, app: i % 7));
            var changes = table.Image.TakeChanges() + table.Image.TakeLeftovers();
            size += changes.Length;
            last.Add(changes);
        }

        var each = Stopwatch.GetElapsedTime(began).TotalMicroseconds / computed;
        Console.WriteLine($"a pod's change: computed in {each:f0} us, {size / computed} bytes of commands");
        began = Stopwatch.GetTimestamp();
        foreach (var changes in last.Take(carriedOut))
        {
            await inside.RunAsync("nft", ["-f", "-"], changes, cancellation);
        }

        Console.WriteLine($"carried out in {Stopwatch.GetElapsedTime(began).TotalMilliseconds / carriedOut:f1} ms (a process each)");
    }

    private static void Fill(PolicyTable table, int pods, int policies)
    {
        for (var i = 0; i < Namespaces; i++)
        {
            table.SetNamespace($"ns{i}", new Dictionary<string, string> { ["team"] = $"{i % 10}" });
        }

        for (var i = 0; i < policies; i++)
        {
            var policy = PolicyOf(i);
            table.SetPolicy(policy.Key, policy);
        }

        for (var i = 0; i < pods; i++)
        {
            table.SetPod(KeyOf(i), PodOf(i, shift: 0, app: i % 5));
        }
    }

    private static ObjectKey KeyOf(int number) => new($"ns{number % Namespaces}", $"pod{number}");

    private static Pod PodOf(int number, int shift, int app) => new()
    {
        Metadata = new ObjectMetadata
        {
            Namespace = KeyOf(number).Namespace,
            Name = KeyOf(number).Name,
            Labels = new Dictionary<string, string> { ["app"] = $"{app}" },
        },
        Spec = new PodSpec { NodeName = number < LocalPods ? "here" : "there" },
        Status = new PodStatus { Phase = "Running", PodIps = [new PodAddress { Ip = $"10.{shift}.{number / 250}.{number % 250 + 1}" }] },
    };

    // Each is for the pods of one app of its namespace, and lets in an app of all namespaces of a team.
    private static NetworkPolicy PolicyOf(int number) => new()
    {
        Metadata = new ObjectMetadata { Namespace = $"ns{number % Namespaces}", Name = $"policy{number}" },
        Spec = new NetworkPolicySpec
        {
            PodSelector = LabelSelector.Parse($"app={number % 5}"),
            Ingress =
            [
                new NetworkPolicyIngressRule
                {
                    From =
                    [
                        new NetworkPolicyPeer
                        {
                            NamespaceSelector = LabelSelector.Parse($"team={number % 10}"), PodSelector = LabelSelector.Parse($"app={number % 3}"),
                        },
                    ],
                    Ports = [new NetworkPolicyPort { Port = new IntOrString(8080) }],
                },
            ],
        },
    };
}
