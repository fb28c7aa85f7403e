using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Pods;

/// <summary>What a container was given, which may differ from what its pod asks for by now.</summary>
internal sealed record AllocatedResources(
    IReadOnlyDictionary<string, Quantity> Requests, IReadOnlyDictionary<string, Quantity> Limits);
