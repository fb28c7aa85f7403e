using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Admission;

/// <summary>A new node takes no pods before it has said that it is ready.</summary>
internal sealed class TaintNodesByCondition : IAdmissionPlugin
{
    private const string NotReady = "node.kubernetes.io/not-ready";

    public string Name => "TaintNodesByCondition";

    public bool Handles(AdmissionRequest request) => request.Creates("", "Node");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var spec = request.Object!.Ensure("spec");
        var isTainted = spec.Items("taints").OfType<JsonObject>().Any(t => t.Text("key") == NotReady && t.Text("effect") == "NoSchedule");
        if (!isTainted)
        {
            spec.Append("taints", new JsonObject { ["key"] = NotReady, ["effect"] = "NoSchedule" });
        }

        return ValueTask.CompletedTask;
    }
}
