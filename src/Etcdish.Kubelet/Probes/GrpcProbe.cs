using Etcdish.Protos.Health;
using Etcdish.Rpc;

namespace Etcdish.Kubelet.Probes;

/// <summary>Asks a gRPC server for its health (grpc.health.v1).</summary>
internal static class GrpcProbe
{
    private const string Method = "/grpc.health.v1.Health/Check";
    private const int MaxAnswerBytes = 64 * 1024;

    /// <summary>Probes once.</summary>
    public static async Task<ProbeOutcome> RunAsync(string host, int port, string service, TimeSpan limit, CancellationToken cancellation)
    {
        var (address, time) = (ProbePorts.Join(host, port), DialErrors.Describe(limit));
        using var channel = new RpcChannel(
            new Uri($"http://{address}"), new RpcChannelOptions { ConnectTimeout = limit, MaxReceiveMessageBytes = MaxAnswerBytes });
        try
        {
            var answer = await channel.UnaryAsync(
                Method,
                new HealthCheckRequest { Service = service },
                HealthCheckResponse.Parser,
                new CallOptions { Timeout = limit, CancellationToken = cancellation });
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving
                ? ProbeOutcome.Success("service healthy")
                : ProbeOutcome.Failure($"service unhealthy (responded with \"{NameOf(answer.Status)}\")");
        }
        catch (RpcException e)
        {
            return ProbeOutcome.Failure(e switch
            {
                { RequestNotSent: true } =>
                    $"timeout: failed to connect service \"{address}\" within {time}: context deadline exceeded",
                { Code: StatusCode.Unimplemented } =>
                    $"error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {e.Message}",
                { Code: StatusCode.DeadlineExceeded } => $"timeout: health rpc did not complete within {time}",
                _ => $"error: health rpc probe failed: rpc error: code = {e.Code} desc = {e.Message}",
            });
        }
    }

    private static string NameOf(HealthCheckResponse.Types.ServingStatus status) => status switch
    {
        HealthCheckResponse.Types.ServingStatus.NotServing => "NOT_SERVING",
        HealthCheckResponse.Types.ServingStatus.ServiceUnknown => "SERVICE_UNKNOWN",
        _ => "UNKNOWN",
    };
}
