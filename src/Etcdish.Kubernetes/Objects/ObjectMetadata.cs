using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>What every object has (meta/v1 ObjectMeta).</summary>
public sealed class ObjectMetadata
{
    private static readonly Dictionary<string, string> _none = [];

    /// <summary>The name.</summary>
    public string Name { get; set; } = "";

    /// <summary>The namespace; empty for objects of the whole cluster.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>Tells this object from any other that had or will have its name.</summary>
    public string Uid { get; set; } = "";

    /// <summary>The revision of the last write.</summary>
    public string ResourceVersion { get; set; } = "";

    /// <summary>Grows with every change of what is wanted.</summary>
    public long Generation { get; set; }

    /// <summary>When it was created. Null in templates.</summary>
    public DateTimeOffset? CreationTimestamp { get; set; }

    /// <summary>When it is to be gone, if somebody has deleted it.</summary>
    public DateTimeOffset? DeletionTimestamp { get; set; }

    /// <summary>Seconds that its deletion gives it.</summary>
    public long? DeletionGracePeriodSeconds { get; set; }

    /// <summary>Labels.</summary>
    public Dictionary<string, string> Labels { get => field ?? _none; set; }

    /// <summary>Annotations.</summary>
    public Dictionary<string, string> Annotations { get => field ?? _none; set; }

    /// <summary>Those it goes with.</summary>
    public OwnerReference[] OwnerReferences { get => field ?? []; set; }

    /// <summary>Who must let go before it may go.</summary>
    public string[] Finalizers { get => field ?? []; set; }

    /// <summary>Whether somebody has deleted it.</summary>
    [JsonIgnore]
    public bool IsBeingDeleted => DeletionTimestamp is not null;

    /// <summary>The owner that manages it, if any.</summary>
    [JsonIgnore]
    public OwnerReference? Controller
    {
        get
        {
            foreach (var owner in OwnerReferences)
            {
                if (owner.Controller)
                {
                    return owner;
                }
            }

            return null;
        }
    }

    /// <summary>Whether an object of this uid manages it.</summary>
    public bool IsControlledBy(string uid) => Controller is { } owner && owner.Uid == uid;
}

/// <summary>A reference to an owner (meta/v1 OwnerReference).</summary>
public sealed class OwnerReference
{
    /// <summary>Group and version of the owner.</summary>
    public string ApiVersion { get; set; } = "";

    /// <summary>The owner's kind.</summary>
    public string Kind { get; set; } = "";

    /// <summary>The owner's name.</summary>
    public string Name { get; set; } = "";

    /// <summary>The owner's uid.</summary>
    public string Uid { get; set; } = "";

    /// <summary>Whether the owner manages the object.</summary>
    public bool Controller { get; set; }

    /// <summary>Whether the owner, deleted in the foreground, waits for the object to go.</summary>
    public bool BlockOwnerDeletion { get; set; }

    /// <summary>The reference by which a new object says that <paramref name="owner"/> manages it.</summary>
    public static JsonObject ToController(Client.ApiResource resource, KubernetesObject owner) => new()
    {
        ["apiVersion"] = resource.ApiVersion,
        ["kind"] = resource.Kind,
        ["name"] = owner.Metadata.Name,
        ["uid"] = owner.Metadata.Uid,
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };
}
