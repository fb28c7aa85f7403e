using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>
/// What a program sees of an object: the fields that controllers decide by, no more. Objects in caches are shared by all who look and are
/// never changed; who writes, sends JSON (a patch of the fields it owns), so that fields unknown here survive.
/// </summary>
public abstract class KubernetesObject
{
    /// <summary>Name, owners, labels and the like.</summary>
    public ObjectMetadata Metadata { get => field ??= new(); set; }

    /// <summary>Namespace and name.</summary>
    [JsonIgnore]
    public ObjectKey Key => new(Metadata.Namespace, Metadata.Name);

    /// <summary>Namespace and name, for messages.</summary>
    public override string ToString() => Key.ToString();
}

/// <summary>Where an object is within its resource. The namespace is empty for objects of the whole cluster.</summary>
/// <param name="Namespace">The namespace, or empty.</param>
/// <param name="Name">The name.</param>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    /// <summary><c>namespace/name</c>, or the name alone.</summary>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
