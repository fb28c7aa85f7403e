using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Admission;

/// <summary>
/// Volumes and claims come with a finalizer, so that a deletion waits until nobody uses them. A controller removes it then.
/// </summary>
internal sealed class StorageObjectInUseProtection : IAdmissionPlugin
{
    private const string OfClaims = "kubernetes.io/pvc-protection";
    private const string OfVolumes = "kubernetes.io/pv-protection";

    public string Name => "StorageObjectInUseProtection";

    public bool Handles(AdmissionRequest request) =>
        request.Creates("", "PersistentVolumeClaim") || request.Creates("", "PersistentVolume");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var finalizer = request.Write.Type.Info.Kind == "PersistentVolume" ? OfVolumes : OfClaims;
        var metadata = request.Object!.Metadata();
        if (!metadata.Items("finalizers").Any(item => item is JsonValue text && text.ToString() == finalizer))
        {
            metadata.Append("finalizers", finalizer);
        }

        return ValueTask.CompletedTask;
    }
}
