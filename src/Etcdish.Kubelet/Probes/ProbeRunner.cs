using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Probes;

/// <summary>Runs probes of all sorts.</summary>
internal sealed class ProbeRunner(IContainerRuntime runtime, TimeProvider clock) : IDisposable
{
    private const string UserAgent = "kube-probe/1.35";
    private const int MaxTries = 3;

    private readonly ExecProbe _exec = new(runtime);
    private readonly TcpProbe _tcp = new(clock);
    private readonly HttpCalls _http = new(clock, UserAgent);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Probes a container. What could not be probed is tried again at once, three times in all.</summary>
    public async Task<ProbeOutcome> RunAsync(ProbedContainer target, ProbeManifest probe, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            var outcome = await TryAsync(target, probe, cancellation);
            if (outcome.Verdict != ProbeVerdict.Unknown || tries == MaxTries)
            {
                return outcome;
            }
        }
    }

    private async Task<ProbeOutcome> TryAsync(ProbedContainer target, ProbeManifest probe, CancellationToken cancellation)
    {
        var (container, limit) = (target.Container, TimeSpan.FromSeconds(Math.Max(probe.TimeoutSeconds, 1)));
        try
        {
            return probe switch
            {
                { Exec: { } exec } => await _exec.RunAsync(container, target.ContainerId, exec, limit, cancellation),
                { HttpGet: { } get } => await GetAsync(target, get, limit, cancellation),
                { TcpSocket: { } tcp } => await _tcp.RunAsync(
                    tcp.Host.Length > 0 ? tcp.Host : target.Address, ProbePorts.Resolve(tcp.Port, container), limit, cancellation),
                { Grpc: { } grpc } => await GrpcProbe.RunAsync(target.Address, grpc.Port, grpc.Service ?? "", limit, cancellation),
                _ => ProbeOutcome.Unknown($"missing probe handler for {target.Pod.Describe()}:{container.Name}"),
            };
        }
        catch (FormatException e)
        {
            return ProbeOutcome.Unknown(e.Message);
        }
    }

    private async Task<ProbeOutcome> GetAsync(ProbedContainer target, HttpGetManifest get, TimeSpan limit, CancellationToken cancellation)
    {
        try
        {
            var (status, body) = await _http.GetAsync(
                HttpCalls.AddressOf(get, target.Container, target.Address), get.HttpHeaders, limit, cancellation);
            return status switch
            {
                >= 200 and < 300 => ProbeOutcome.Success(body),
                >= 300 and < 400 => ProbeOutcome.Warning($"Probe terminated redirects, Response body: {body}"),

                // Without the body: events are read by more people than the container's answers are meant for.
                _ => ProbeOutcome.Failure($"HTTP probe failed with statuscode: {status}"),
            };
        }
        catch (HttpCallException e)
        {
            return ProbeOutcome.Failure(e.Message);
        }
    }
}
