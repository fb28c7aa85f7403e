using System.CommandLine;
using Etcdish.Load.Commands;

RootCommand root = new("Load generator for any server of the etcd v3 API, and comparison of Etcdish with genuine etcd.")
{
    RunCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
