using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Subresources;

/// <summary>The subresources that read and write a part of their object in the object's own form.</summary>
internal static class SubresourceParts
{
    /// <summary>The part that a subresource of a resource may change.</summary>
    public static UpdatePart Of(ResourceType type, string subresource) => (type.Info.Kind, subresource) switch
    {
        ("CertificateSigningRequest", "status") => CertificateParts.Status,
        (_, "status") => UpdatePart.Status,
        (_, "finalize") => UpdatePart.Finalize,
        (_, "ephemeralcontainers") => EphemeralContainersPart.Part,
        (_, "resize") => ResizePart.Part,
        (_, "approval") => CertificateParts.Approval,
        _ => throw new ArgumentException($"{subresource} is no part of an object", nameof(subresource)),
    };
}
