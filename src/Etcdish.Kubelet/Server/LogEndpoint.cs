using Etcdish.Kubelet.Logs;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>Serves <c>/containerLogs/namespace/pod/container</c>.</summary>
internal sealed class LogEndpoint(KubeletServerParts parts, LogReader reader, ContainerEnds ends)
{
    /// <summary>Serves a request.</summary>
    /// <exception cref="RefusedException">There is no such log.</exception>
    public async Task ServeAsync(HttpContext http, string ns, string name, string container)
    {
        var query = LogParameters.Read(http.Request.Query, parts.Clock.GetUtcNow());
        var pod = parts.Pods.Find(ns, name) ?? throw new RefusedException(404, $"pod \"{name}\" does not exist");
        if (!pod.AllContainers().Any(c => c.Name == container))
        {
            throw new RefusedException(404, $"container \"{container}\" not found in pod \"{name}\"");
        }

        var id = LoggedContainer.Find(parts.Pods.Status(pod.Uid) ?? pod.Status, name, container, query.Previous);
        var state = await parts.Runtime.GetContainerAsync(id, http.RequestAborted)
            ?? throw new RefusedException(400, $"unable to retrieve container logs for {id}");
        var log = state.LogPath.Length > 0 ? state.LogPath : parts.Folders.Log(state.Pod, state.Name, state.Attempt);
        await using var cursor = await reader.OpenAsync(log, query, http.RequestAborted)
            ?? throw new RefusedException(400, $"failed to open log file \"{log}\": no such file or directory");
        await CopyAsync(http, cursor, id, query.Follow);
    }

    private async Task CopyAsync(HttpContext http, LogCursor cursor, string id, bool follow)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var ended = follow ? ends.WaitAsync(id, over.Token) : Task.CompletedTask;
        try
        {
            // Who follows a log that is empty must know that he does.
            http.Response.ContentType = "text/plain";
            await http.Response.StartAsync(http.RequestAborted);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
            await cursor.CopyAsync(http.Response.BodyWriter, ended, http.RequestAborted);
        }
        finally
        {
            await over.CancelAsync();
            await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
