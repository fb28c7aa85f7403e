using System.Text;
using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Probes;

/// <summary>Runs a command in a container; its exit code counts.</summary>
/// <param name="runtime">Runs it.</param>
internal sealed class ExecProbe(IContainerRuntime runtime)
{
    /// <summary>Probes once. References in the command lead to those of the container's variables that have plain values.</summary>
    public async Task<ProbeOutcome> RunAsync(
        ContainerManifest container, string containerId, ExecManifest exec, TimeSpan limit, CancellationToken cancellation)
    {
        var command = VariableExpansion.Expand(
            exec.Command, name => Array.FindLast(container.Env, variable => variable.Name == name)?.Value);
        try
        {
            var output = await runtime.RunCommandAsync(containerId, command, limit, cancellation);
            var text = TextOf(output);
            return output.ExitCode == 0 ? ProbeOutcome.Success(text) : ProbeOutcome.Failure(text);
        }
        catch (TimeoutException)
        {
            return ProbeOutcome.Failure($"command timed out: \"{string.Join(' ', command)}\" timed out after {DialErrors.Describe(limit)}");
        }
        catch (RuntimeException e)
        {
            return ProbeOutcome.Unknown(e.Message);
        }
    }

    /// <summary>The beginning of all output, errors last.</summary>
    internal static string TextOf(CommandOutput output)
    {
        var first = Math.Min(output.Stdout.Length, ProbeOutcome.MaxOutputBytes);
        var second = Math.Min(output.Stderr.Length, ProbeOutcome.MaxOutputBytes - first);
        return Encoding.UTF8.GetString(output.Stdout, 0, first) + Encoding.UTF8.GetString(output.Stderr, 0, second);
    }
}
