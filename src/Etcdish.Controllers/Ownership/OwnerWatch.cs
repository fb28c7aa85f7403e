using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Ownership;

/// <summary>
/// Turns changes of objects into keys of the owners that they concern: the owner that an object names as its controller (if it is still the
/// one of that uid), the one it named before, and for an object that nobody manages all whose selector matches.
/// </summary>
/// <param name="resource">The owners' resource.</param>
/// <param name="owners">What is known of the owners.</param>
/// <param name="selectorOf">What an owner selects.</param>
/// <param name="expectations">What is told of objects that came or went; null if the owner expects none.</param>
/// <param name="enqueue">Takes the keys.</param>
internal sealed class OwnerWatch<TOwner>(
    ApiResource<TOwner> resource,
    ObjectCache<TOwner> owners,
    Func<TOwner, LabelSelector> selectorOf,
    Expectations? expectations,
    Action<ObjectKey> enqueue)
    where TOwner : KubernetesObject
{
    private readonly Index<TOwner> _byNamespace = owners.AddIndex(owner => [owner.Metadata.Namespace]);

    /// <summary>The owner that manages an object, or null.</summary>
    public TOwner? OwnerOf(ObjectMetadata value) => Owners.Find(resource, owners, value);

    /// <summary>Hears of a change of an object that may be owned; to be given to the informer of such objects.</summary>
    /// <param name="before">What was there; null if it is new.</param>
    /// <param name="now">What is there; null if it is gone.</param>
    public void OnChange(KubernetesObject? before, KubernetesObject? now)
    {
        if (before is not null && (now is null || now.Metadata.Uid != before.Metadata.Uid))
        {
            Went(before.Metadata);
            before = null;
        }

        if (now is null)
        {
            return;
        }

        if (before is null)
        {
            Came(now.Metadata);
        }
        else
        {
            Changed(before.Metadata, now.Metadata);
        }
    }

    private void Came(ObjectMetadata value)
    {
        if (value.IsBeingDeleted)
        {
            // It came and was deleted while the watch was away.
            Went(value);
        }
        else if (OwnerOf(value) is { } owner)
        {
            expectations?.CreationSeen(owner.Key);
            enqueue(owner.Key);
        }
        else if (value.Controller is null)
        {
            EnqueueMatching(value);
        }
    }

    private void Changed(ObjectMetadata before, ObjectMetadata now)
    {
        var hasMoved = before.Controller?.Uid != now.Controller?.Uid;
        if (hasMoved && OwnerOf(before) is { } former)
        {
            enqueue(former.Key);
        }

        if (OwnerOf(now) is { } owner)
        {
            if (now.IsBeingDeleted)
            {
                expectations?.DeletionSeen(owner.Key, now.Uid);
            }

            enqueue(owner.Key);
        }
        else if (now.Controller is null && (hasMoved || !LabelSets.AreEqual(before, now)))
        {
            EnqueueMatching(now);
        }
    }

    private void Went(ObjectMetadata value)
    {
        if (OwnerOf(value) is { } owner)
        {
            expectations?.DeletionSeen(owner.Key, value.Uid);
            enqueue(owner.Key);
        }
    }

    private void EnqueueMatching(ObjectMetadata orphan)
    {
        foreach (var owner in _byNamespace[orphan.Namespace])
        {
            if (selectorOf(owner).Matches(orphan.Labels))
            {
                enqueue(owner.Key);
            }
        }
    }
}
