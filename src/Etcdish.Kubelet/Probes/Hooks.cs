using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;

namespace Etcdish.Kubelet.Probes;

/// <summary>
/// Runs hooks. A command must end with 0; of a request only an answer is wanted, whatever it says, as Kubernetes has it; a hook of the kind
/// tcpSocket is lawful and does nothing.
/// </summary>
internal sealed class Hooks(IContainerRuntime runtime, TimeProvider clock) : IHooks, IDisposable
{
    private const string UserAgent = "kube-lifecycle/1.35";

    /// <summary>Who runs a hook at a container's end limits it by the grace; at its start nothing else does.</summary>
    private static readonly TimeSpan _longest = TimeSpan.FromDays(1);

    private readonly HttpCalls _http = new(clock, UserAgent);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <inheritdoc/>
    public async Task RunAsync(
        PodManifest pod, ContainerManifest container, string containerId, string address, HandlerManifest hook, CancellationToken cancellation)
    {
        var where = $"for Container \"{container.Name}\" in Pod \"{pod.Describe()}\" failed - error:";
        switch (hook)
        {
            case { Exec: { } exec }:
                await ExecuteAsync(containerId, exec.Command, where, cancellation);
                break;
            case { HttpGet: { } get }:
                await GetAsync(container, address, get, where, cancellation);
                break;
            case { Sleep: { } sleep }:
                await Task.Delay(TimeSpan.FromSeconds(Math.Max(sleep.Seconds, 0)), clock, cancellation);
                break;
            case { TcpSocket: not null }:
                break;
            default:
                throw new HookException("Cannot run handler: invalid handler");
        }
    }

    private async Task ExecuteAsync(string containerId, string[] command, string where, CancellationToken cancellation)
    {
        var what = $"Exec lifecycle hook ([{string.Join(' ', command)}]) {where}";
        try
        {
            var output = await runtime.RunCommandAsync(containerId, command, _longest, cancellation);
            if (output.ExitCode != 0)
            {
                throw new HookException(
                    $"{what} command '{string.Join(' ', command)}' exited with {output.ExitCode}: {TextOf(output.Stderr)}, "
                    + $"message: {GoText.Quote(ExecProbe.TextOf(output))}");
            }
        }
        catch (Exception e) when (e is RuntimeException or TimeoutException)
        {
            throw new HookException($"{what} {e.Message}, message: \"\"", e);
        }
    }

    private async Task GetAsync(
        ContainerManifest container, string address, HttpGetManifest get, string where, CancellationToken cancellation)
    {
        try
        {
            await _http.GetAsync(HttpCalls.AddressOf(get, container, address), get.HttpHeaders, _longest, cancellation);
        }
        catch (Exception e) when (e is HttpCallException or FormatException)
        {
            throw new HookException($"HTTP lifecycle hook ({get.Path}) {where} {e.Message}", e);
        }
    }

    private static string TextOf(byte[] output) => ExecProbe.TextOf(new CommandOutput(0, output, []));
}
