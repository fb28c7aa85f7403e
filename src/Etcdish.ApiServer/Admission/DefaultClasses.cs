using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Admission;

/// <summary>A claim that names no storage class gets the default one.</summary>
internal sealed class DefaultStorageClass(ClusterObjects objects) : IAdmissionPlugin
{
    private readonly ResourceType _classes = objects.Type("storage.k8s.io", "v1", "storageclasses");

    public string Name => "DefaultStorageClass";

    public bool Handles(AdmissionRequest request) => request.Creates("", "PersistentVolumeClaim");

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var claim = request.Object!;
        var named = claim.Part("metadata").Part("annotations")?.ContainsKey("volume.beta.kubernetes.io/storage-class") == true;
        if (named || claim.Part("spec")?["storageClassName"] is not null)
        {
            return;
        }

        const string Annotation = "storageclass.kubernetes.io/is-default-class";
        if (await objects.FindDefaultAsync(_classes, Annotation, cancellation) is { } chosen)
        {
            claim.Ensure("spec")["storageClassName"] = chosen.Name();
        }
    }
}

/// <summary>An ingress that names no class gets the default one.</summary>
internal sealed class DefaultIngressClass(ClusterObjects objects) : IAdmissionPlugin
{
    private readonly ResourceType _classes = objects.Type("networking.k8s.io", "v1", "ingressclasses");

    public string Name => "DefaultIngressClass";

    public bool Handles(AdmissionRequest request) => request.Creates("networking.k8s.io", "Ingress");

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var ingress = request.Object!;
        var named = ingress.Part("metadata").Part("annotations")?.ContainsKey("kubernetes.io/ingress.class") == true;
        if (named || ingress.Part("spec")?["ingressClassName"] is not null)
        {
            return;
        }

        const string Annotation = "ingressclass.kubernetes.io/is-default-class";
        if (await objects.FindDefaultAsync(_classes, Annotation, cancellation) is { } chosen)
        {
            ingress.Ensure("spec")["ingressClassName"] = chosen.Name();
        }
    }
}
