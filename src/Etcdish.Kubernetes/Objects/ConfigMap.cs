namespace Etcdish.Kubernetes.Objects;

/// <summary>Texts under names (core/v1 ConfigMap).</summary>
public sealed class ConfigMap : KubernetesObject
{
    /// <summary>The texts.</summary>
    public Dictionary<string, string> Data { get => field ?? []; set; }
}
