using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Admission;

/// <summary>Pods stay five minutes on a node that is not ready or not reachable, unless they say otherwise.</summary>
internal sealed class DefaultTolerationSeconds : IAdmissionPlugin
{
    private const int Seconds = 300;

    private static readonly string[] _taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

    public string Name => "DefaultTolerationSeconds";

    public bool Handles(AdmissionRequest request) => request.Writes("", "Pod");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var spec = request.Object!.Ensure("spec");
        foreach (var taint in _taints)
        {
            if (!spec.Items("tolerations").OfType<JsonObject>().Any(toleration => Covers(toleration, taint)))
            {
                spec.Append("tolerations", new JsonObject
                {
                    ["key"] = taint,
                    ["operator"] = "Exists",
                    ["effect"] = "NoExecute",
                    ["tolerationSeconds"] = Seconds,
                });
            }
        }

        return ValueTask.CompletedTask;
    }

    private static bool Covers(JsonObject toleration, string taint)
    {
        var key = toleration.Text("key");
        return (key == taint || key.Length == 0) && toleration.Text("effect") is ("" or "NoExecute");
    }
}
