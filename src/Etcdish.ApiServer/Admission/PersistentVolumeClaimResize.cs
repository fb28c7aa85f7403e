using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Admission;

/// <summary>A claim grows only if its class can make volumes grow, and only once it has a volume.</summary>
internal sealed class PersistentVolumeClaimResize(ClusterObjects objects) : IAdmissionPlugin
{
    private readonly ResourceType _classes = objects.Type("storage.k8s.io", "v1", "storageclasses");

    public string Name => "PersistentVolumeClaimResize";

    public bool Handles(AdmissionRequest request) =>
        request.Operation == AdmissionOperation.Update && request.IsOf("", "PersistentVolumeClaim");

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        if (SizeOf(request.Object!) <= SizeOf(request.Stored!))
        {
            return;
        }

        if (request.Stored.Part("status").Text("phase") != "Bound")
        {
            throw request.Forbid("Only bound persistent volume claims can be expanded");
        }

        var name = request.Object.Part("spec").Text("storageClassName");
        var storage = name.Length == 0 ? null : await objects.FindAsync(_classes, "", name, cancellation);
        if (storage?["allowVolumeExpansion"] is not JsonValue value || !value.TryGetValue<bool>(out var allows) || !allows)
        {
            throw request.Forbid(
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
        }
    }

    private static Quantity SizeOf(JsonObject claim) =>
        Quantity.TryParse(claim.Part("spec").Part("resources").Part("requests").Text("storage"), out var size) ? size : default;
}
