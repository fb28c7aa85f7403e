using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Streaming.Sessions;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>
/// Serves what runs commands in containers, attaches to them, and forwards ports to pods. Once found, the runtime speaks with the client.
/// </summary>
internal sealed class CommandEndpoints(KubeletServerParts parts)
{
    // No client waits longer for a command that it does not see.
    private static readonly TimeSpan _longestRun = TimeSpan.FromHours(4);

    /// <summary>Serves <c>/exec/namespace/pod[/uid]/container?command=...</c>.</summary>
    public async Task ExecAsync(HttpContext http, ContainerPath path)
    {
        var streams = ReadStreams(http);
        var pod = FindPod(path);
        var container = await FindRunningAsync(pod, path, http.RequestAborted)
            ?? throw new RefusedException(500, $"container not found (\"{path.Container}\")");
        string[] command = [.. http.Request.Query["command"].Select(word => word ?? "")];
        if (command.Length == 0)
        {
            throw new RefusedException(400, "you must specify a command");
        }

        await parts.Runtime.ServeExecAsync(http, container.Id, command, streams);
    }

    /// <summary>Serves <c>/attach/namespace/pod[/uid]/container</c>.</summary>
    public async Task AttachAsync(HttpContext http, ContainerPath path)
    {
        var streams = ReadStreams(http);
        var pod = FindPod(path);
        var container = await FindRunningAsync(pod, path, http.RequestAborted);
        if (container is null || pod.AllContainers().FirstOrDefault(c => c.Name == path.Container) is not { } spec)
        {
            throw new RefusedException(500, $"container {path.Container} not found in pod {path.Pod}_{path.Namespace}");
        }

        // Whether there is a terminal was decided when the container was made.
        streams = streams with { Tty = spec.Tty, Stderr = streams.Stderr && !spec.Tty };
        await parts.Runtime.ServeAttachAsync(http, container.Id, streams);
    }

    /// <summary>Serves <c>/portForward/namespace/pod[/uid]</c>.</summary>
    public async Task ForwardAsync(HttpContext http, string ns, string name, string uid)
    {
        var pod = FindPod(new ContainerPath(ns, name, uid, ""));
        if (uid.Length > 0 && uid != pod.Uid)
        {
            throw new RefusedException(404, "pod not found");
        }

        var snapshot = await parts.Runtime.ListAsync(http.RequestAborted);
        var sandbox = snapshot.Sandboxes.Where(s => s.Pod.Uid == pod.Uid && s.IsReady).MaxBy(s => s.Attempt)
            ?? throw new RefusedException(500, $"pod not found (\"{name}_{ns}\")");
        await parts.Runtime.ServePortForwardAsync(http, sandbox.Id);
    }

    /// <summary>Serves <c>/run/namespace/pod[/uid]/container?cmd=...</c>: all output of a command, once it has ended.</summary>
    public async Task RunAsync(HttpContext http, ContainerPath path)
    {
        var pod = FindPod(path);
        var container = await FindRunningAsync(pod, path, http.RequestAborted)
            ?? throw new RefusedException(500, $"container not found (\"{path.Container}\")");
        var text = http.Request.Query["cmd"].ToString();
        var output = await parts.Runtime.RunCommandAsync(container.Id, text.Split(' '), _longestRun, http.RequestAborted);
        if (output.ExitCode != 0)
        {
            throw new RefusedException(500, $"command '{text}' exited with {output.ExitCode}: ");
        }

        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(output.Stdout, http.RequestAborted);
        await http.Response.Body.WriteAsync(output.Stderr, http.RequestAborted);
    }

    private PodManifest FindPod(ContainerPath path) =>
        parts.Pods.Find(path.Namespace, path.Pod) ?? throw new RefusedException(404, "pod does not exist");

    private async Task<ContainerState?> FindRunningAsync(PodManifest pod, ContainerPath path, CancellationToken cancellation)
    {
        if (path.Uid.Length > 0 && path.Uid != pod.Uid)
        {
            return null;
        }

        var snapshot = await parts.Runtime.ListAsync(cancellation);
        return snapshot.Containers
            .Where(c => c.Pod.Uid == pod.Uid && c.Name == path.Container && c.Phase == ContainerPhase.Running)
            .MaxBy(c => c.Attempt);
    }

    private static AttachedStreams ReadStreams(HttpContext http)
    {
        try
        {
            var streams = CommandStreams.Read(http.Request.Query);
            return new AttachedStreams(streams.Stdin, streams.Stdout, streams.Stderr, streams.Tty);
        }
        catch (FormatException e)
        {
            throw new RefusedException(400, e.Message);
        }
    }
}

/// <summary>A container, as paths name it.</summary>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Pod">The pod.</param>
/// <param name="Uid">The pod's uid; empty: any.</param>
/// <param name="Container">The container.</param>
internal readonly record struct ContainerPath(string Namespace, string Pod, string Uid, string Container);
