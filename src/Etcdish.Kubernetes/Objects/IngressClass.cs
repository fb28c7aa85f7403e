using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>A kind of ingress, and who serves it (networking.k8s.io/v1 IngressClass).</summary>
public sealed class IngressClass : KubernetesObject
{
    /// <summary>The annotation of the class that ingresses get which name none.</summary>
    public const string IsDefaultAnnotation = "ingressclass.kubernetes.io/is-default-class";

    /// <summary>What is wanted.</summary>
    public IngressClassSpec Spec { get => field ??= new(); set; }

    /// <summary>Whether ingresses that name no class get this one.</summary>
    [JsonIgnore]
    public bool IsDefault => Metadata.Annotations.GetValueOrDefault(IsDefaultAnnotation) == "true";
}

/// <summary>What is wanted of a class of ingresses.</summary>
public sealed class IngressClassSpec
{
    /// <summary>Who serves it, such as <c>etcdish.io/ingress</c>.</summary>
    public string Controller { get; set; } = "";
}
