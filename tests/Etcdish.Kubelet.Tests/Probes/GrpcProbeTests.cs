using System.Net;
using Etcdish.Kubelet.Probes;
using Etcdish.Protos.Health;
using Etcdish.Rpc;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Probes;

/// <summary>Probes of gRPC servers, against a real one on loopback.</summary>
public sealed class GrpcProbeTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);

    [TestCase("", nameof(ProbeVerdict.Success), "service healthy")]
    [TestCase("sick", nameof(ProbeVerdict.Failure), "service unhealthy (responded with \"NOT_SERVING\")")]
    [TestCase("unknown", nameof(ProbeVerdict.Failure), "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service")]
    [TestCase(
        "old",
        nameof(ProbeVerdict.Failure),
        "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): not here")]
    [TestCase("slow", nameof(ProbeVerdict.Failure), "timeout: health rpc did not complete within 20s")]
    public async Task Servers_are_asked_for_their_health(string service, string verdict, string output)
    {
        var port = FreePorts.Take();
        var services = new RpcServices();
        services.AddService(HealthReflection.Descriptor.Services.Single())
            .Unary<HealthCheckRequest, HealthCheckResponse>("Check", (request, _) => new(Check(request.Service)))
            .ServerStream<HealthCheckRequest, HealthCheckResponse>("Watch", (_, _, _) => Task.CompletedTask);
        await using var server = new RpcServer(
            new RpcServerOptions { Endpoints = [new RpcEndpoint(new IPEndPoint(IPAddress.Loopback, port))], Services = services });
        await server.StartAsync();
        var outcome = await GrpcProbe.RunAsync("127.0.0.1", port, service, _limit, CancellationToken.None);
        Assert.That((outcome.Verdict.ToString(), outcome.Output), Is.EqualTo((verdict, output)));
    }

    [Test]
    public async Task Where_nobody_listens_there_is_no_connection()
    {
        var port = FreePorts.Take();
        Assert.That(
            await GrpcProbe.RunAsync("127.0.0.1", port, "", _limit, CancellationToken.None),
            Is.EqualTo(ProbeOutcome.Failure(
                $"timeout: failed to connect service \"127.0.0.1:{port}\" within 20s: context deadline exceeded")));
    }

    private static HealthCheckResponse Check(string service) => service switch
    {
        "" => new() { Status = HealthCheckResponse.Types.ServingStatus.Serving },
        "sick" => new() { Status = HealthCheckResponse.Types.ServingStatus.NotServing },
        "old" => throw new RpcException(StatusCode.Unimplemented, "not here"),
        "slow" => throw new RpcException(StatusCode.DeadlineExceeded, "too late"),
        _ => throw new RpcException(StatusCode.NotFound, "unknown service"),
    };
}
