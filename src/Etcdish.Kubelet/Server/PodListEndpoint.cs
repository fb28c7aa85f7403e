using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>Serves <c>/pods</c>, what is to run here, and <c>/runningpods/</c>, what runs.</summary>
internal sealed class PodListEndpoint(KubeletServerParts parts)
{
    /// <summary>Serves the pods that the node has been given, with their status.</summary>
    public Task ServeWantedAsync(HttpContext http) => Answer.JsonAsync(http, MakeList(parts.Pods.List().Select(Show)));

    /// <summary>Serves the pods that the runtime runs.</summary>
    public async Task ServeRunningAsync(HttpContext http)
    {
        var snapshot = await parts.Runtime.ListAsync(http.RequestAborted);
        var running = snapshot.Containers.Where(c => c.Phase == ContainerPhase.Running);
        await Answer.JsonAsync(http, MakeList(running.GroupBy(c => c.Pod).Select(group => Show(group.Key, group))));
    }

    private static JsonObject MakeList(IEnumerable<JsonObject> items) => new()
    {
        ["kind"] = "PodList",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. items]),
    };

    private JsonObject Show(PodManifest pod)
    {
        var shown = JsonSerializer.SerializeToNode(pod, KubeletForms.Default.PodManifest)!.AsObject();
        DropUnset(shown);
        if (parts.Pods.Status(pod.Uid) is { } status)
        {
            shown["status"] = status.DeepClone();
        }

        return shown;
    }

    private static JsonObject Show(PodIdentity pod, IEnumerable<ContainerState> containers) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = pod.Name, ["namespace"] = pod.Namespace, ["uid"] = pod.Uid },
        ["spec"] = new JsonObject
        {
            ["containers"] = new JsonArray(
                [.. containers.Select(c => new JsonObject { ["name"] = c.Name, ["image"] = c.Image, ["resources"] = new JsonObject() })]),
        },
        ["status"] = new JsonObject(),
    };

    /// <summary>Takes away what objects have only because they could.</summary>
    private static void DropUnset(JsonObject value)
    {
        foreach (var (name, item) in value.ToArray())
        {
            switch (item)
            {
                case null or JsonArray { Count: 0 }:
                case JsonValue text when text.TryGetValue<string>(out var content) && content.Length == 0:
                    value.Remove(name);
                    break;
                case JsonObject inner:
                    DropUnset(inner);
                    break;
                case JsonArray list:
                    list.OfType<JsonObject>().ToList().ForEach(DropUnset);
                    break;
                default:
                    break;
            }
        }
    }
}
