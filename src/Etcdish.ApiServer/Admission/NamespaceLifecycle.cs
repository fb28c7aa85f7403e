using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Admission;

/// <summary>Nothing is created in a namespace that is not there or is going away, and three namespaces never go.</summary>
internal sealed class NamespaceLifecycle(ClusterObjects objects) : IAdmissionPlugin
{
    private readonly ResourceType _namespaces = objects.Type("", "v1", "namespaces");

    public string Name => "NamespaceLifecycle";

    public bool Handles(AdmissionRequest request) => request.Operation switch
    {
        AdmissionOperation.Create => request.Write.Type.Info.IsNamespaced,
        AdmissionOperation.Delete => request.IsOf("", "Namespace"),
        _ => false,
    };

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        if (request.Operation == AdmissionOperation.Create)
        {
            return CheckCreationAsync(request, cancellation);
        }

        return request.Write.Name is "default" or "kube-system" or "kube-public"
            ? throw request.Forbid("this namespace may not be deleted")
            : ValueTask.CompletedTask;
    }

    private async ValueTask CheckCreationAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var scope = request.Write.Namespace;
        var found = await objects.GetAsync(_namespaces, "", scope, cancellation) ?? throw ApiErrors.NotFound(_namespaces.Info, scope);

        // A byte search is enough to tell that it is not going away, which is nearly always so.
        if (found.Value.Span.IndexOf("\"deletionTimestamp\""u8) >= 0 && ApiJson.Parse(found.Value.Span).IsBeingDeleted())
        {
            throw ApiErrors.Forbidden(
                request.Write.Type.Info,
                request.Write.Name,
                $"unable to create new content in namespace {scope} because it is being terminated",
                new StatusCause("NamespaceTerminating", $"namespace {scope} is being terminated", "metadata.namespace"));
        }
    }
}
