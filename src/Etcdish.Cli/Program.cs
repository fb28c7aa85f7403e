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

// Before anything else is loaded: what is done until then is done twice.
if (args is ["kubelet", ..] && !args.Contains("--fake"))
{
    LeanProcess.Become();
}

// A verb that is named is all that is made: the others' parts of the program need not be loaded to say what they are called.
(string Name, Func<Command> Make)[] verbs =
[
    ("up", UpVerb.Command),
    ("join", JoinVerb.Command),
    ("server", ServerVerb.Command),
    ("apiserver", ApiServerVerb.Command),
    ("controller-manager", ControllerManagerVerb.Command),
    ("scheduler", SchedulerVerb.Command),
    ("kubelet", KubeletVerb.Command),
    ("proxy", ProxyVerb.Command),
    ("kv", KvVerb.Command),
    ("snapshot", SnapshotVerb.Command),
];
var named = Array.FindAll(verbs, verb => args is [var first, ..] && first == verb.Name);
var root = new RootCommand("A Kubernetes in one process, the etcd v3 compatible store below it, and tools for any etcd.")
{
    ClientVerb.Endpoints, ClientVerb.CaCertificate, ClientVerb.Certificate, ClientVerb.Key, ClientVerb.Seconds,
};
foreach (var (_, make) in named.Length > 0 ? named : verbs)
{
    root.Subcommands.Add(make());
}

HelpPage.Install(root);
var parsed = root.Parse(args);
if (parsed.Action is ParseErrorAction)
{
    return HelpPage.Refuse(parsed);
}

using var interruption = new Interruption();
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null }, interruption.Token);
