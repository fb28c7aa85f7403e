using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Admission;

/// <summary>What a pod's runtime costs, and on which nodes it is to be found.</summary>
internal sealed class RuntimeClass(ClusterObjects objects) : IAdmissionPlugin
{
    private readonly ResourceType _classes = objects.Type("node.k8s.io", "v1", "runtimeclasses");

    public string Name => "RuntimeClass";

    public bool Handles(AdmissionRequest request) => request.Creates("", "Pod");

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var spec = request.Object!.Ensure("spec");
        var name = spec.Text("runtimeClassName");
        if (name.Length == 0)
        {
            CheckOverhead(request, spec, null);
            return;
        }

        var runtime = await objects.FindAsync(_classes, "", name, cancellation)
            ?? throw request.Forbid($"pod rejected: RuntimeClass \"{name}\" not found");
        var overhead = runtime.Part("overhead").Part("podFixed");
        CheckOverhead(request, spec, overhead);
        if (overhead is not null)
        {
            spec["overhead"] = overhead.DeepClone();
        }

        Place(request, spec, runtime.Part("scheduling"));
    }

    private static void CheckOverhead(AdmissionRequest request, JsonObject spec, JsonObject? overhead)
    {
        if (spec.Part("overhead") is not { Count: > 0 } given || JsonNode.DeepEquals(given, overhead))
        {
            return;
        }

        throw request.Forbid(overhead is null
            ? "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
            : "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }

    private static void Place(AdmissionRequest request, JsonObject spec, JsonObject? scheduling)
    {
        foreach (var (key, value) in scheduling.Part("nodeSelector") ?? [])
        {
            var selector = spec.Ensure("nodeSelector");
            if (selector.ContainsKey(key) && selector.Text(key) != value?.ToString())
            {
                throw request.Forbid(
                    $"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {selector[key]}");
            }

            selector[key] = value?.DeepClone();
        }

        foreach (var toleration in scheduling.Items("tolerations"))
        {
            if (!spec.Items("tolerations").Any(known => JsonNode.DeepEquals(known, toleration)))
            {
                spec.Append("tolerations", toleration!.DeepClone());
            }
        }
    }
}
