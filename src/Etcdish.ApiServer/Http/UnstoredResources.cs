using Etcdish.ApiServer.Components;
using Etcdish.ApiServer.Metrics;
using Etcdish.ApiServer.Security.Reviews;
using Etcdish.ApiServer.Subresources;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Http;

/// <summary>The resources whose objects are never stored: questions, commands and findings in the form of objects.</summary>
internal sealed class UnstoredResources(
    ReviewHandler reviews, BindingHandler bindings, ComponentStatusHandler components, MetricsHandler metrics)
{
    /// <summary>Whether a resource is one of them.</summary>
    public static bool Contains(ResourceInfo resource) =>
        ReviewHandler.Handles(resource) || MetricsHandler.Handles(resource) || resource is { Group: "", Kind: "Binding" or "ComponentStatus" };

    /// <summary>Answers a request for one of them.</summary>
    /// <exception cref="ApiException">The request fails.</exception>
    public Task HandleAsync(ApiRequest request) => request.Type.Info.Kind switch
    {
        "Binding" => bindings.HandleAsync(request),
        "ComponentStatus" => components.HandleAsync(request),
        "NodeMetrics" or "PodMetrics" => metrics.HandleAsync(request),
        _ => reviews.HandleAsync(request),
    };
}
