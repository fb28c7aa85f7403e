using System.CommandLine;
using System.CommandLine.Invocation;
using Etcdish.Cli;
using Etcdish.Cli.Verbs;
using Etcdish.Server;

// The server reads its flags by etcd's rules (single dashes, environment, YAML), so it comes before the general parser.
if (args is ["server", .. var flags])
{
    return await ServerProcess.RunAsync(flags);
}

var root = new RootCommand("A Kubernetes in one process, the etcd v3 compatible store below it, and tools for any etcd.")
{
    UpVerb.Command(), JoinVerb.Command(), ServerVerb.Command(), ApiServerVerb.Command(), ControllerManagerVerb.Command(),
    SchedulerVerb.Command(), KubeletVerb.Command(), ProxyVerb.Command(), KvVerb.Command(), SnapshotVerb.Command(),
    ClientVerb.Endpoints, ClientVerb.CaCertificate, ClientVerb.Certificate, ClientVerb.Key, ClientVerb.Seconds,
};
HelpPage.Install(root);
var parsed = root.Parse(args);
if (parsed.Action is ParseErrorAction)
{
    return HelpPage.Refuse(parsed);
}

using var interruption = new Interruption();
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null }, interruption.Token);
