using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Jobs;

/// <summary>Objects for tests that need no server. Single quotes stand for double ones.</summary>
internal static class Make
{
    public static JsonObject Json(string text) => JsonNode.Parse(text.Replace('\'', '"'))!.AsObject();

    public static T Object<T>(ApiResource<T> resource, string text)
        where T : KubernetesObject =>
        JsonSerializer.Deserialize(text.Replace('\'', '"'), resource.Form)!;

    public static Job Job(string spec, string status = "{}") => Object(
        Resources.Jobs, $"{{'metadata':{{'name':'j','namespace':'ns','uid':'job'}},'spec':{spec},'status':{status}}}");

    /// <summary>A pod of the job that is to be counted.</summary>
    /// <param name="name">Its name and uid.</param>
    /// <param name="phase">Its phase; followed by a minus: it is being deleted; by a star: it was counted.</param>
    /// <param name="index">Its index; negative: none.</param>
    /// <param name="failures">How many pods of its index failed before.</param>
    /// <param name="ended">When it ended, in seconds of the first minute of 2026.</param>
    /// <param name="exitCode">How its container ended.</param>
    public static Pod Pod(string name, string phase, int index = -1, int failures = 0, int ended = 0, int exitCode = 1)
    {
        var deleted = phase.Contains('-', StringComparison.Ordinal)
            ? "'deletionTimestamp':'2026-01-01T00:00:00Z'," : "";
        var finalizer = phase.Contains('*', StringComparison.Ordinal) ? "" : "'finalizers':['batch.kubernetes.io/job-tracking'],";
        var annotations = index < 0
            ? "{}"
            : $"{{'batch.kubernetes.io/job-completion-index':'{index}','batch.kubernetes.io/job-index-failure-count':'{failures}'}}";
        phase = phase.TrimEnd('-', '*');
        var containers = phase is "Failed" or "Succeeded"
            ? $"[{{'name':'c','state':{{'terminated':{{'exitCode':{(phase == "Failed" ? exitCode : 0)},'finishedAt':'2026-01-01T00:00:{ended:D2}Z'}}}}}}]"
            : "[]";
        return Object(
            Resources.Pods,
            $"{{'metadata':{{{deleted}{finalizer}'name':'{name}','namespace':'ns','uid':'{name}','annotations':{annotations}}},"
            + $"'status':{{'phase':'{phase}','containerStatuses':{containers}}}}}");
    }
}
