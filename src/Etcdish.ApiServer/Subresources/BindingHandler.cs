using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Subresources;

/// <summary>Bindings as a resource of their own, as old schedulers create them: the same as through the pod that they name.</summary>
internal sealed class BindingHandler(ResourceDirectory resources, BindingSubresource subresource)
{
    public async Task HandleAsync(ApiRequest request)
    {
        if (request.Name.Length > 0)
        {
            throw ApiErrors.PathNotFound();
        }

        if (request.Http.Request.Method != "POST" || request.Namespace.Length == 0)
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var options = WriteOptions.Read(request.Http.Request.Query);
        var binding = await SubresourceBody.ReadAsync(request, "v1", "Binding", options.Validation);
        if (binding.Name().Length == 0)
        {
            throw ApiErrors.BadRequest("Name parameter required.");
        }

        var path = request.Path with { Resource = "pods", Name = binding.Name(), Subresource = subresource.Name };
        var ofPod = request with { Type = resources.Find("", "v1", "pods")!, Path = path };
        await subresource.BindAsync(ofPod, binding, options);
    }
}
