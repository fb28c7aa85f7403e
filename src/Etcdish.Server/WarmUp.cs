using System.Net;
using Etcdish.Protos;
using Etcdish.Protos.Health;
using Etcdish.Rpc;
using Google.Protobuf.Reflection;

namespace Etcdish.Server;

/// <summary>
/// What serving needs and the data does not: the descriptors of etcd's services, which take longer to build than a small log to read, and
/// the parts of the HTTP server. Done beside the recovery it costs a restart no time.
/// </summary>
internal static class WarmUp
{
    /// <summary>Completes when all of it has been made once. Nothing is bound and nothing is kept.</summary>
    public static Task RunAsync() => Task.Run(async () =>
    {
        FileDescriptor[] files =
        [
            KvReflection.Descriptor, WatchReflection.Descriptor, LeaseReflection.Descriptor, ClusterReflection.Descriptor,
            MaintenanceReflection.Descriptor, AuthServiceReflection.Descriptor, LockReflection.Descriptor, ElectionReflection.Descriptor,
        ];
        var services = new RpcServices();
        services.AddService(HealthReflection.Descriptor.Services.Single())
            .RawUnary("Check", static (_, _, _) => ValueTask.CompletedTask)
            .RawStream("Watch", static (_, _, _) => ValueTask.CompletedTask);
        GC.KeepAlive(files);
        var unbound = new RpcServer(new RpcServerOptions { Endpoints = [new RpcEndpoint(new IPEndPoint(IPAddress.Loopback, 0))], Services = services });
        await unbound.DisposeAsync().ConfigureAwait(false);
    });
}
