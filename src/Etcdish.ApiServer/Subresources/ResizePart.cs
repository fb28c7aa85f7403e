using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Subresources;

/// <summary>CPU and memory of the containers of a pod, which may change while it runs.</summary>
internal static class ResizePart
{
    private static readonly string[] _lists = ["containers", "initContainers"];

    public static UpdatePart Part { get; } = new("resize", Take);

    /// <summary>Takes the resources over, container by container, by name.</summary>
    private static void Take(JsonObject result, JsonObject wanted)
    {
        foreach (var list in _lists)
        {
            foreach (var container in result.Part("spec").Items(list).OfType<JsonObject>())
            {
                var name = container.Text("name");
                var other = wanted.Part("spec").Items(list).OfType<JsonObject>().FirstOrDefault(c => c.Text("name") == name);
                if (other is not null)
                {
                    container.CopyFrom(other, "resources");
                }
            }
        }
    }
}
