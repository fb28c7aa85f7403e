using System.CommandLine;
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
    ("server", ServerVerb.Command),
    ("up", UpVerb.Command),
    ("apiserver", ApiServerVerb.Command),
    ("controller-manager", ControllerManagerVerb.Command),
    ("scheduler", SchedulerVerb.Command),
    ("kubelet", KubeletVerb.Command),
    ("proxy", ProxyVerb.Command),
    ("kv", KvVerb.Command),
    ("snapshot", SnapshotVerb.Command),
];
var named = Array.FindAll(verbs, verb => args is [var first, ..] && first == verb.Name);
var root = new RootCommand("An etcd v3 compatible store and a Kubernetes API on it: the servers, and tools for any etcd.")
{
    ClientVerb.Endpoints, ClientVerb.CaCertificate, ClientVerb.Certificate, ClientVerb.Key, ClientVerb.Seconds,
};
foreach (var (_, make) in named.Length > 0 ? named : verbs)
{
    root.Subcommands.Add(make());
}

return await root.Parse(args).InvokeAsync();
