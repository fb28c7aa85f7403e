namespace Etcdish.Kubernetes.Objects;

/// <summary>A reference to any object (core/v1 ObjectReference).</summary>
public sealed class ObjectReference
{
    /// <summary>Group and version.</summary>
    public string ApiVersion { get; set; } = "";

    /// <summary>The kind.</summary>
    public string Kind { get; set; } = "";

    /// <summary>The namespace; empty for objects of the whole cluster.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>The name.</summary>
    public string Name { get; set; } = "";

    /// <summary>The uid; empty if it is not known yet.</summary>
    public string Uid { get; set; } = "";

    /// <summary>The revision that is meant, if one is.</summary>
    public string ResourceVersion { get; set; } = "";
}
