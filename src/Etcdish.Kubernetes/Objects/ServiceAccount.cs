namespace Etcdish.Kubernetes.Objects;

/// <summary>An account of programs (core/v1 ServiceAccount).</summary>
public sealed class ServiceAccount : KubernetesObject;
