using System.CommandLine;
using System.Net;
using Etcdish.Kubernetes.Client;
using Etcdish.Network;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish proxy: the service proxy of one node, on any cluster.</summary>
internal sealed class ProxyVerb
{
    private const int Failed = 1;
    private static readonly ServiceProxyOptions _defaults = new() { NodeName = Environment.MachineName.ToLowerInvariant() };

    private readonly Option<string> _kubeconfig = new("--kubeconfig")
    {
        Description = "The cluster, and as whom to work on it.",
        Required = true,
    };

    private readonly Option<string> _node = new("--node-name", "--hostname-override")
    {
        Description = "This node's name.",
        DefaultValueFactory = _ => _defaults.NodeName,
    };

    private readonly Option<IPAddress[]> _addresses = AddressOption.Several(
        "--node-ip", "Addresses at which node ports lead to services, with commas between; default: those that the Node says.");

    private readonly Option<string> _pods = new("--cluster-cidr")
    {
        Description = "The pods' networks, with commas between; default: those that the Node says.",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<string> _services = new("--service-cluster-ip-range")
    {
        Description = "The ranges of services' addresses, with commas between; default: those that the cluster says.",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<ServiceProxyMode> _mode = new("--proxy-mode")
    {
        Description = "nftables, userspace, or auto: the first where it works.",
        DefaultValueFactory = _ => _defaults.Mode,
    };

    private readonly Option<string> _healthz = new("--healthz-bind-address")
    {
        Description = "Where /healthz and /livez are served; empty: nowhere.",
        DefaultValueFactory = _ => $"{_defaults.HealthzAddress}",
    };

    private readonly Option<TimeSpan> _minSync = DurationOption.Make(
        "--min-sync-period", "The least time between two changes of the kernel's tables.", _defaults.MinSyncPeriod);

    private readonly Option<TimeSpan> _fullSync = DurationOption.Make(
        "--sync-period", "How often the tables are set right even if nothing changed.", _defaults.FullSyncPeriod);

    private readonly Option<bool> _cleanUp = new("--cleanup-on-exit")
    {
        Description = "Remove the tables at the end; by default they stay, so that services work while the proxy is replaced.",
    };

    private ProxyVerb()
    {
    }

    public static Command Command()
    {
        var verb = new ProxyVerb();
        var command = new Command(
            "proxy",
            """
            Lead connections to services to their pods on this node: by rules of the kernel's packet filter where root and nft are, and else
            by listening for services in this process.

            Examples:
              etcdish proxy --kubeconfig node.kubeconfig --node-name small
              etcdish proxy --kubeconfig node.kubeconfig --cluster-cidr 10.244.0.0/16 --node-ip 192.0.2.7
            """)
        {
            verb._kubeconfig, verb._node, verb._addresses, verb._pods, verb._services, verb._mode, verb._healthz, verb._minSync,
            verb._fullSync, verb._cleanUp,
        };
        command.SetAction(verb.RunAsync);
        return command;
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            var client = KubernetesClient.FromKubeconfig(parsed.GetRequiredValue(_kubeconfig), "kube-proxy");
            await using var program = new ClusterProgram(client, "kube-proxy");
            var options = Read(parsed);
            var proxy = new ServiceProxy(program.Context, options);
            var running = proxy.RunAsync(cancellation);
            if (await Task.WhenAny(running, proxy.Synced) == proxy.Synced)
            {
                await Console.Out.WriteLineAsync($"ready: services of node {options.NodeName}, {proxy.Mode.ToString().ToLowerInvariant()}");
            }

            await running;
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or FormatException)
        {
            await Console.Error.WriteLineAsync($"etcdish proxy: {e.Message}");
            return Failed;
        }
    }

    private ServiceProxyOptions Read(ParseResult parsed) => new()
    {
        NodeName = parsed.GetRequiredValue(_node),
        NodeAddresses = parsed.GetRequiredValue(_addresses),
        PodCidrs = Split(parsed.GetRequiredValue(_pods)),
        ServiceCidrs = Split(parsed.GetRequiredValue(_services)),
        Mode = parsed.GetValue(_mode),
        HealthzAddress = parsed.GetRequiredValue(_healthz) is { Length: > 0 } text ? IPEndPoint.Parse(text) : null,
        MinSyncPeriod = parsed.GetValue(_minSync),
        FullSyncPeriod = parsed.GetValue(_fullSync),
        CleansUp = parsed.GetValue(_cleanUp),
    };
}
