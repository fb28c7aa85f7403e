namespace Etcdish.ApiServer.Registry;

/// <summary>Where a resource that can be scaled keeps what its subresource <c>scale</c> shows.</summary>
/// <param name="SpecReplicas">The wanted number, such as <c>.spec.replicas</c>.</param>
/// <param name="StatusReplicas">The number there is, such as <c>.status.replicas</c>.</param>
/// <param name="Selector">The selector of what is counted: a text, or an object as workloads have it; null if there is none.</param>
internal sealed record ScalePaths(string SpecReplicas, string StatusReplicas, string? Selector)
{
    /// <summary>Those of the workloads that come with Kubernetes.</summary>
    public static ScalePaths Workload { get; } = new(".spec.replicas", ".status.replicas", ".spec.selector");
}
