namespace Etcdish.Kubernetes.Objects;

/// <summary>Bytes under names that not everybody may see (core/v1 Secret).</summary>
public sealed class Secret : KubernetesObject
{
    /// <summary>What it is for, such as <c>kubernetes.io/service-account-token</c>.</summary>
    public string Type { get; set; } = "";

    /// <summary>The bytes.</summary>
    public Dictionary<string, byte[]> Data { get => field ?? []; set; }
}
