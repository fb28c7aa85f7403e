using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Streaming;

/// <summary>Which container of a pod a request means.</summary>
internal static class PodContainers
{
    private static readonly string[] _fields = ["initContainers", "containers", "ephemeralContainers"];

    /// <summary>The container that was named, or the only one.</summary>
    /// <exception cref="ApiException">There is no such container, or none was named and there are several.</exception>
    public static string Choose(JsonObject pod, string named)
    {
        var all = _fields.SelectMany(field => NamesIn(pod, field)).ToArray();
        if (named.Length > 0)
        {
            return all.Contains(named) ? named : throw ApiErrors.BadRequest($"container {named} is not valid for pod {pod.Name()}");
        }

        return NamesIn(pod, "containers").ToArray() switch
        {
            [var only] => only,
            [] => throw ApiErrors.BadRequest($"a container name must be specified for pod {pod.Name()}"),
            _ => throw ApiErrors.BadRequest(
                $"a container name must be specified for pod {pod.Name()}, choose one of: [{string.Join(' ', all)}]"),
        };
    }

    private static IEnumerable<string> NamesIn(JsonObject pod, string field) =>
        pod.Part("spec").Items(field).OfType<JsonObject>().Select(container => container.Text("name"));
}
