using Etcdish.Protos.Health;
using Etcdish.Rpc;

namespace Etcdish.Server.Services;

/// <summary>grpc.health.v1.Health: the server as a whole (the empty name) serves while the node does.</summary>
internal sealed class HealthService(ServiceContext context, Task failed)
{
    public void Register(RpcServices services) => services.AddService(HealthReflection.Descriptor.Services.Single())
        .Unary<HealthCheckRequest, HealthCheckResponse>("Check", (request, _) => new(Status(request)))
        .ServerStream<HealthCheckRequest, HealthCheckResponse>("Watch", WatchAsync);

    private HealthCheckResponse Status(HealthCheckRequest request) => request.Service.Length == 0
        ? new HealthCheckResponse { Status = Current }
        : throw new RpcException(StatusCode.NotFound, "unknown service");

    private HealthCheckResponse.Types.ServingStatus Current => context.Node.LeaderId != 0
        ? HealthCheckResponse.Types.ServingStatus.Serving
        : HealthCheckResponse.Types.ServingStatus.NotServing;

    private async Task WatchAsync(HealthCheckRequest request, ResponseStream<HealthCheckResponse> responses, ServerCall call)
    {
        if (request.Service.Length > 0)
        {
            await responses.WriteAsync(
                new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.ServiceUnknown }).ConfigureAwait(false);
            await Task.Delay(Timeout.InfiniteTimeSpan, call.CancellationToken).ConfigureAwait(false);
        }

        await responses.WriteAsync(new HealthCheckResponse { Status = Current }).ConfigureAwait(false);
        await failed.WaitAsync(call.CancellationToken).ConfigureAwait(false);
        await responses.WriteAsync(new HealthCheckResponse { Status = Current }).ConfigureAwait(false);
    }
}
