namespace Etcdish.Kubernetes.Objects;

/// <summary>A reference to an object (core/v1 ObjectReference).</summary>
public sealed class ObjectReference
{
    /// <summary>Its group and version.</summary>
    public string ApiVersion { get; set; } = "";

    /// <summary>Its kind.</summary>
    public string Kind { get; set; } = "";

    /// <summary>Its namespace.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its uid.</summary>
    public string Uid { get; set; } = "";

    /// <summary>The revision it was seen at.</summary>
    public string ResourceVersion { get; set; } = "";
}
