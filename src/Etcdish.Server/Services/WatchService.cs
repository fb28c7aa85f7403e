using Etcdish.Protos;
using Etcdish.Rpc;

namespace Etcdish.Server.Services;

/// <summary>etcdserverpb.Watch; see <see cref="WatchCall"/> for what one stream does.</summary>
internal sealed class WatchService(ServiceContext context, TimeProvider clock)
{
    public void Register(RpcServices services) => services.AddService(WatchReflection.Descriptor.Services.Single())
        .AddRawStream("Watch", context, async (requests, responses, call) =>
        {
            using var watch = new WatchCall(context, clock, requests, responses, call);
            await watch.RunAsync().ConfigureAwait(false);
        });
}
