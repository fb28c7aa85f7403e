using System.CommandLine;
using System.Net;
using Etcdish.ApiServer;
using Etcdish.ApiServer.Security;
using Etcdish.ApiServer.Storage;
using Etcdish.Client;
using Etcdish.Cluster;
using Etcdish.Kubernetes.Control;
using Etcdish.Log;
using Etcdish.Server;
using Microsoft.AspNetCore.Connections;

namespace Etcdish.Cli.Verbs;

/// <summary>What <c>up</c> and <c>apiserver</c> share: their options, and an API server over a store until a signal comes.</summary>
internal sealed class ControlPlane
{
    private const int CouldNotStart = 1;

    private readonly Option<string> _dataDirectory = new("--data-dir")
    {
        Description = "Folder of the cluster: its store (unless --etcd-servers is given), its authority, its kubeconfig.",
        DefaultValueFactory = _ => "etcdish.cluster",
    };

    private readonly Option<string> _address = new("--bind-address")
    {
        Description = "Address to listen on.",
        DefaultValueFactory = _ => "127.0.0.1",
    };

    private readonly Option<int> _port = new("--https-listen-port", "--secure-port")
    {
        Description = "Port to listen on; 0 takes a free one.",
        DefaultValueFactory = _ => 6443,
    };

    private readonly Option<IPAddress?> _advertise = AddressOption.One(
        "--advertise-address", "Address by which pods and other machines reach the API; it listens there, too.");

    private readonly Option<string?> _kubeconfig = new("--kubeconfig")
    {
        Description = "Where to write the administrator's kubeconfig; default: 'kubeconfig' in the data folder.",
    };

    private readonly Option<string> _serviceRange = new("--service-cluster-ip-range")
    {
        Description = "Addresses of services; two ranges with a comma between for both families.",
        DefaultValueFactory = _ => "10.96.0.0/16",
    };

    private readonly Option<string> _nodePortRange = new("--service-node-port-range")
    {
        Description = "Ports of nodes that services may have.",
        DefaultValueFactory = _ => "30000-32767",
    };

    private readonly Option<string?> _etcdServers = new("--etcd-servers")
    {
        Description = "Keep objects in this etcd (URLs with commas between) instead of the data folder; --cacert, --cert and --key are for it.",
    };

    private readonly Option<string?> _tokens = new("--token-auth-file")
    {
        Description = "File of tokens by which users say who they are: token,user,uid,\"group,group\" in each line.",
    };

    /// <summary>The address to advertise where the user gives none; null: that to listen on.</summary>
    public Func<ParseResult, IPAddress?> DefaultAdvertised { get; init; } = static _ => null;

    /// <summary>The ranges of addresses of services, as the user said.</summary>
    public static string ServiceRange(ParseResult parsed) => parsed.GetRequiredValue<string>("--service-cluster-ip-range");

    /// <summary>A verb that runs an API server.</summary>
    /// <param name="name">The verb.</param>
    /// <param name="description">What it does, with examples.</param>
    /// <param name="serve">Is called when the server is ready: says so, and runs what else belongs to it until it is cancelled.</param>
    /// <param name="further">Options that only this verb has.</param>
    public Command Command(
        string name, string description, Func<ReadyApi, CancellationToken, Task> serve, params IEnumerable<OptionGroup> further)
    {
        var command = new VerbCommand(
            name,
            description,
            [
                new OptionGroup("Cluster", [_dataDirectory, _kubeconfig, _address, _port, _advertise, _serviceRange, _nodePortRange, _tokens, _etcdServers]),
                .. further,
            ]);
        command.SetAction((parsed, cancellation) => RunAsync(name, parsed, serve, cancellation));
        return command;
    }

    private async Task<int> RunAsync(
        string name, ParseResult parsed, Func<ReadyApi, CancellationToken, Task> serve, CancellationToken cancellation)
    {
        try
        {
            return await ServeAsync(parsed, serve, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync(
                $"etcdish {name}: port {parsed.GetValue(_port)} is taken, by another cluster perhaps: {_port.Name} 0 takes one that is free");
            return CouldNotStart;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LogLockedException or StoreUnavailableException
            or ArgumentException or FormatException or CommandException or LeadershipLostException)
        {
            await Console.Error.WriteLineAsync($"etcdish {name}: {e.Message}");
            return CouldNotStart;
        }
    }

    private async Task<int> ServeAsync(ParseResult parsed, Func<ReadyApi, CancellationToken, Task> serve, CancellationToken cancellation)
    {
        var folder = Path.GetFullPath(parsed.GetRequiredValue(_dataDirectory));
        if (!IPAddress.TryParse(parsed.GetRequiredValue(_address), out var address))
        {
            throw new CommandException($"--bind-address {parsed.GetValue(_address)} is no IP address");
        }

        var servers = parsed.GetValue(_etcdServers);
        await using var node = servers is null ? await OpenNodeAsync(folder, cancellation) : null;
        await using IObjectStore store = node is null
            ? new EtcdObjectStore(new EtcdClientOptions { Endpoints = servers!.Split(','), Tls = ClientVerb.Tls(parsed) })
            : new NodeObjectStore(node, ownsNode: false);
        using var certificates = ClusterCertificates.Open(Path.Combine(folder, "pki"));
        await using var server = await KubernetesApiServer.StartAsync(
            new ApiServerOptions
            {
                Store = store,
                Listen = new IPEndPoint(address, parsed.GetRequiredValue(_port)),
                AdvertiseAddress = parsed.GetValue(_advertise) ?? DefaultAdvertised(parsed),
                Certificates = certificates,
                TokenFile = parsed.GetValue(_tokens),
                ServiceClusterIpRange = parsed.GetRequiredValue(_serviceRange),
                ServiceNodePortRange = parsed.GetRequiredValue(_nodePortRange),
                Warn = ClusterProgram.Warn,
            },
            cancellation);
        var kubeconfig = Path.GetFullPath(parsed.GetValue(_kubeconfig) ?? Path.Combine(folder, "kubeconfig"));
        Kubeconfig.WriteAdmin(kubeconfig, server.Url, certificates);
        var serving = serve(new ReadyApi(server, certificates, kubeconfig, folder, parsed), cancellation);
        return await WaitAsync(serving, node);
    }

    private static Task<Node> OpenNodeAsync(string folder, CancellationToken cancellation) => Node.OpenAsync(
        new NodeOptions
        {
            DataDirectory = Path.Combine(folder, "store"),
            OnNotice = notice => Console.Error.WriteLine("etcdish: " + notice.Message),
        },
        cancellation);

    private static async Task<int> WaitAsync(Task serving, Node? node)
    {
        if (node is null || await Task.WhenAny(serving, node.Failed) == serving)
        {
            await serving;
            return 0;
        }

        await Console.Error.WriteLineAsync($"etcdish: the store has failed and stops, look at the disk: {await node.Failed}");

        // No orderly end: what is still under way must not be answered.
        Environment.Exit(ServerProcess.NodeFailed);
        return ServerProcess.NodeFailed;
    }
}
