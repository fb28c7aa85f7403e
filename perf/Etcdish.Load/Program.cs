using System.CommandLine;
using Etcdish.Load.Commands;
using Etcdish.Rpc;

// Socket reads go on in the thread that saw them arrive: half the CPU per answer, and nothing here blocks. Read once, at the first socket.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

RootCommand root = new("Load generator for any server of the etcd v3 API, and comparison of Etcdish with genuine etcd.")
{
    RunCommand.Create(),
    CompareCommand.Create(),
    RecoverCommand.Create(),
    GapCommand.Create(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 2;
}
catch (Exception e) when (
    e is RpcException or IOException or TimeoutException or System.Net.Sockets.SocketException or InvalidOperationException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}
