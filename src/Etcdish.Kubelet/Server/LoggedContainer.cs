using System.Text.Json.Nodes;

namespace Etcdish.Kubelet.Server;

/// <summary>Which run of a container a log is asked of, by what the pod's status says.</summary>
internal static class LoggedContainer
{
    private static readonly string[] _lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];

    /// <summary>The id of the container, as the runtime knows it.</summary>
    /// <param name="status">The pod's status; null: none is known.</param>
    /// <param name="pod">The pod's name.</param>
    /// <param name="container">The container's name.</param>
    /// <param name="previous">Whether it is the run before this one that is asked for.</param>
    /// <exception cref="RefusedException">There is no log of it; the message says why.</exception>
    public static string Find(JsonObject? status, string pod, string container, bool previous)
    {
        var what = $"container \"{container}\" in pod \"{pod}\"";
        var found = _lists
            .SelectMany(list => status?[list]?.AsArray() ?? [])
            .FirstOrDefault(item => Text(item, "name") == container) ?? throw Refuse($"{what} is not available");
        var state = found["state"];
        var lastId = Text(found["lastState"]?["terminated"], "containerID");
        var id = previous ? lastId
            : state?["running"] is not null ? Text(found, "containerID")
            : state?["terminated"] is { } terminated ? Text(terminated, "containerID") is { Length: > 0 } own ? own : lastId
            : lastId;
        if (id.Length > 0)
        {
            return id[(id.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? scheme + 3 : 0)..];
        }

        throw Refuse(previous ? $"previous terminated {what} not found" : Explain(state, found["lastState"], what));
    }

    private static string Explain(JsonNode? state, JsonNode? lastState, string what)
    {
        if (state?["terminated"] is not null || lastState?["terminated"] is not null)
        {
            return $"{what} is terminated";
        }

        return state?["waiting"] is not { } waiting ? $"{what} is waiting to start - no logs yet" : Text(waiting, "reason") switch
        {
            "ErrImagePull" => $"{what} is waiting to start: image can't be pulled",
            "ImagePullBackOff" => $"{what} is waiting to start: trying and failing to pull image",
            var reason => $"{what} is waiting to start: {reason}",
        };
    }

    private static string Text(JsonNode? node, string name) => node?[name]?.GetValue<string>() ?? "";

    private static RefusedException Refuse(string message) => new(400, message);
}
