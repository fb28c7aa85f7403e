using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes.Networks;

/// <summary>Runs CNI plugins: what to do is in the environment, the configuration comes in, the result or what is wrong goes out.</summary>
internal static class CniPlugin
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(1);

    /// <summary>Runs one to its end; what it says.</summary>
    /// <param name="type">The plugin.</param>
    /// <param name="command">ADD, CHECK or DEL.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="link">The name of the pod's interface.</param>
    /// <param name="input">What it is told.</param>
    /// <param name="clock">The clock of its limit, a minute.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <exception cref="RuntimeException">It is not there, failed or takes too long; the message has its own words.</exception>
    public static async Task<string> RunAsync(
        string type, string command, PodAttachment pod, string link, string input, TimeProvider clock, CancellationToken cancellation)
    {
        var head = $"plugin type=\"{type}\" failed ({command.ToLowerInvariant()}): ";
        using var limit = new CancellationTokenSource(_limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        using var process = Launch(Start(type, command, pod, link), head);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var errors = process.StandardError.ReadToEndAsync(either.Token);
            await WriteAsync(process, input, either.Token);
            await Task.WhenAll(output, errors, process.WaitForExitAsync(either.Token));
            return process.ExitCode == 0
                ? await output
                : throw new RuntimeException(head + Complaint(process.ExitCode, await output, await errors));
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new RuntimeException($"{head}it takes longer than {_limit.TotalSeconds} s", inner: e);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private static ProcessStartInfo Start(string type, string command, PodAttachment pod, string link)
    {
        var start = new ProcessStartInfo(Path.Combine(pod.PluginFolder, type))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = StartScript.DefaultPath;
        start.Environment["CNI_COMMAND"] = command;
        start.Environment["CNI_CONTAINERID"] = pod.ContainerId;
        start.Environment["CNI_NETNS"] = NetworkNamespace.IsThere(pod.Namespace) ? pod.Namespace : "";
        start.Environment["CNI_IFNAME"] = link;
        start.Environment["CNI_PATH"] = pod.PluginFolder;
        start.Environment["CNI_ARGS"] =
            $"IgnoreUnknown=1;K8S_POD_NAMESPACE={pod.Pod.Namespace};K8S_POD_NAME={pod.Pod.Name};"
            + $"K8S_POD_INFRA_CONTAINER_ID={pod.ContainerId};K8S_POD_UID={pod.Pod.Uid}";
        return start;
    }

    private static Process Launch(ProcessStartInfo start, string head)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new RuntimeException($"{head}{start.FileName}: {e.Message}", inner: e);
        }
    }

    // One that ends without reading all says why.
    private static async Task WriteAsync(Process process, string input, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            await process.WaitForExitAsync(cancellation);
        }
    }

    private static string Complaint(int exitCode, string output, string errors)
    {
        try
        {
            if (JsonNode.Parse(output) is JsonObject said && said["msg"]?.ToString() is { Length: > 0 } message)
            {
                return said["details"]?.ToString() is { Length: > 0 } details ? $"{message}; {details}" : message;
            }
        }
        catch (JsonException)
        {
            // Not in the form of the specification; then as it is.
        }

        var text = (output + errors).Trim();
        return text.Length > 0 ? text : $"it ended with {exitCode} and said nothing";
    }
}
