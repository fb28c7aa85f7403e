using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry.Views;

/// <summary>Which built-in resources are second views of others.</summary>
internal static class SecondViews
{
    /// <summary>Finds the resource whose objects a resource shows in another form; null if it has objects of its own.</summary>
    public static (string Group, string Version)? StoredAs(ResourceInfo info) => info switch
    {
        { Group: "events.k8s.io", Name: "events" } => ("", "v1"),
        { Group: "autoscaling", Version: "v1", Name: "horizontalpodautoscalers" } => ("autoscaling", "v2"),
        _ => null,
    };

    public static ConvertedView Make(ResourceInfo served, ResourceInfo stored) =>
        served.Name == "events" ? new EventView(served, stored) : new AutoscalerView(served, stored);
}
