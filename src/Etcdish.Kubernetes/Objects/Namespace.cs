namespace Etcdish.Kubernetes.Objects;

/// <summary>A namespace (core/v1 Namespace).</summary>
public sealed class Namespace : KubernetesObject
{
    /// <summary>What is there.</summary>
    public NamespaceStatus Status { get => field ??= new(); set; }
}

/// <summary>What is there of a namespace.</summary>
public sealed class NamespaceStatus
{
    /// <summary>Active or Terminating.</summary>
    public string Phase { get; set; } = "";

    /// <summary>What its end waits for.</summary>
    public Condition[] Conditions { get => field ?? []; set; }
}
