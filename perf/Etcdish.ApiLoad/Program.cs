using System.CommandLine;
using System.Net.Sockets;
using System.Security.Authentication;
using Etcdish.ApiLoad.Cluster;
using Etcdish.ApiLoad.Nodes;
using Etcdish.ApiLoad.Rows;

RootCommand root = new("Load generator for the API server: starts `etcdish up` on empty folders and measures it as its clients see it.")
{
    RunCommand.Create(),
    ClusterCommand.Create(),
    NodeCommand.Create(),
    SweepCommand.Create(),
    DrawCommand.Create(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is ArgumentException or IOException or SocketException or AuthenticationException or InvalidOperationException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return e is ArgumentException ? 2 : 1;
}
