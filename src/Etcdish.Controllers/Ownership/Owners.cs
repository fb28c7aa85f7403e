using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Ownership;

/// <summary>Finds the owner that manages an object.</summary>
internal static class Owners
{
    /// <summary>The owner of this resource that an object names as its controller, if it is still the one of that uid; null otherwise.</summary>
    public static TOwner? Find<TOwner>(ApiResource<TOwner> resource, ObjectCache<TOwner> owners, ObjectMetadata value)
        where TOwner : KubernetesObject =>
        value.Controller is { } reference
        && reference.Kind == resource.Kind
        && GroupOf(reference.ApiVersion).SequenceEqual(resource.Group)
        && owners.Find(value.Namespace, reference.Name) is { } owner
        && owner.Metadata.Uid == reference.Uid
            ? owner
            : null;

    private static ReadOnlySpan<char> GroupOf(string apiVersion) =>
        apiVersion.IndexOf('/') is var slash && slash < 0 ? "" : apiVersion.AsSpan(0, slash);
}
