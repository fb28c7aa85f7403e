using System.CommandLine;
using Etcdish.Cli.Verbs;
using Etcdish.Server;

// The server reads its flags by etcd's rules (single dashes, environment, YAML), so it comes before the general parser.
if (args is ["server", .. var flags])
{
    return await ServerProcess.RunAsync(flags);
}

var root = new RootCommand("An etcd v3 compatible store and a Kubernetes API on it: the servers, and tools for any etcd.")
{
    ServerVerb.Command(), UpVerb.Command(), JoinVerb.Command(), ApiServerVerb.Command(), ControllerManagerVerb.Command(),
    SchedulerVerb.Command(), KubeletVerb.Command(), ProxyVerb.Command(), KvVerb.Command(), SnapshotVerb.Command(),
    ClientVerb.Endpoints, ClientVerb.CaCertificate, ClientVerb.Certificate, ClientVerb.Key, ClientVerb.Seconds,
};
return await root.Parse(args).InvokeAsync();
