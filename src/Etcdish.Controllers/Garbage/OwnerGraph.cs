using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Garbage;

/// <summary>
/// Who owns whom, by uid, as far as watches have told. An owner that no watch has shown, or that is gone, has a node too, as long as
/// something names it. Says what is to be looked at after each change. For use by many threads.
/// </summary>
/// <param name="look">Notes a uid that is to be looked at. Called with the graph locked: it must only note.</param>
internal sealed class OwnerGraph(Action<string> look)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Node> _nodes = [];

    /// <summary>How many nodes there are, with those of owners that are not there.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _nodes.Count;
            }
        }
    }

    /// <summary>An object is there, or has changed.</summary>
    public void Observe(ApiResource resource, OwnedObject now)
    {
        lock (_lock)
        {
            var node = Of(now.Metadata.Uid);
            var before = node.Object;
            (node.Resource, node.Object) = (resource, now);
            var isRelinked = Link(node, before);
            if (now.IsDeletingDependents || now.IsOrphaning || (isRelinked && NeedsLook(node)))
            {
                look(node.Uid);
            }

            // What names an owner otherwise than it is called waits for nothing that watches could tell.
            var begins = now.IsDeletingDependents && before is not { IsDeletingDependents: true };
            if (node.Dependents is { } dependents && (begins || before is null))
            {
                foreach (var dependent in dependents)
                {
                    if (begins || NeedsLook(dependent))
                    {
                        look(dependent.Uid);
                    }
                }
            }
        }
    }

    /// <summary>An object is gone.</summary>
    /// <param name="uid">The object.</param>
    /// <param name="onOwned">Is called if it owned anything, before that is to be looked at.</param>
    public void Forget(string uid, Action? onOwned = null)
    {
        lock (_lock)
        {
            if (!_nodes.TryGetValue(uid, out var node) || node.Object is not { } last)
            {
                return;
            }

            node.Object = null;
            foreach (var owner in last.Metadata.OwnerReferences)
            {
                Unlink(owner.Uid, node);
            }

            if (node.Dependents is not { } dependents)
            {
                _nodes.Remove(uid);
                return;
            }

            onOwned?.Invoke();
            foreach (var dependent in dependents)
            {
                look(dependent.Uid);
            }
        }
    }

    /// <summary>An object with what is around it; null if no watch has shown it.</summary>
    public GraphItem? Find(string uid)
    {
        lock (_lock)
        {
            if (!_nodes.TryGetValue(uid, out var node) || node.Object is not { } value)
            {
                return null;
            }

            var dependents = node.Dependents is null
                ? []
                : node.Dependents.Select(dependent => new GraphDependent(
                    dependent.Resource!, dependent.Object!, Array.Exists(dependent.Object!.Metadata.OwnerReferences, Blocks))).ToArray();
            var owners = value.Metadata.OwnerReferences.Select(reference =>
                new GraphOwner(reference, _nodes[reference.Uid].Object, Fits(node, reference)));
            return new GraphItem(node.Resource!, value, [.. owners], dependents);
        }

        bool Blocks(OwnerReference reference) => reference.Uid == uid && reference.BlockOwnerDeletion;
    }

    /// <summary>Whether an object's owners are not simply there.</summary>
    private bool NeedsLook(Node node)
    {
        foreach (var reference in node.Object!.Metadata.OwnerReferences)
        {
            if (!Fits(node, reference) || _nodes[reference.Uid].Object is { IsDeletingDependents: true })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a watch has shown the owner, and it is called as the reference says.</summary>
    private bool Fits(Node node, OwnerReference reference) =>
        _nodes.TryGetValue(reference.Uid, out var owner) && owner.Object is { } value && owner.Resource is { } resource
        && value.Metadata.Name == reference.Name && resource.Kind == reference.Kind && resource.ApiVersion == reference.ApiVersion
        && (value.Metadata.Namespace.Length == 0 || value.Metadata.Namespace == node.Object!.Metadata.Namespace);

    /// <summary>Ties an object to its owners of now; false if they are the same as before.</summary>
    private bool Link(Node node, OwnedObject? before)
    {
        var (were, are) = (before?.Metadata.OwnerReferences ?? [], node.Object!.Metadata.OwnerReferences);
        if (before is not null && AreSame(were, are))
        {
            return false;
        }

        foreach (var reference in are)
        {
            (Of(reference.Uid).Dependents ??= []).Add(node);
        }

        foreach (var reference in were)
        {
            if (Array.TrueForAll(are, other => other.Uid != reference.Uid))
            {
                Unlink(reference.Uid, node);
            }
            else
            {
                LookIfWaiting(_nodes[reference.Uid]);
            }
        }

        return true;
    }

    private void Unlink(string owner, Node dependent)
    {
        if (!_nodes.TryGetValue(owner, out var node))
        {
            return;
        }

        node.Dependents?.Remove(dependent);
        if (node.Dependents is { Count: 0 })
        {
            node.Dependents = null;
        }

        if (node.Object is null && node.Dependents is null)
        {
            _nodes.Remove(owner);
        }

        LookIfWaiting(node);
    }

    /// <summary>An owner may have waited for just this.</summary>
    private void LookIfWaiting(Node owner)
    {
        if (owner.Object is { IsDeletingDependents: true })
        {
            look(owner.Uid);
        }
    }

    private Node Of(string uid)
    {
        if (!_nodes.TryGetValue(uid, out var node))
        {
            _nodes[uid] = node = new Node(uid);
        }

        return node;
    }

    private static bool AreSame(OwnerReference[] a, OwnerReference[] b)
    {
        if (a.Length != b.Length)
        {
            return false;
        }

        for (var i = 0; i < a.Length; i++)
        {
            if (a[i].Uid != b[i].Uid || a[i].Name != b[i].Name || a[i].Kind != b[i].Kind || a[i].ApiVersion != b[i].ApiVersion
                || a[i].BlockOwnerDeletion != b[i].BlockOwnerDeletion)
            {
                return false;
            }
        }

        return true;
    }

    private sealed class Node(string uid)
    {
        public string Uid { get; } = uid;

        public ApiResource? Resource { get; set; }

        /// <summary>The object; null if no watch has shown it, or it is gone.</summary>
        public OwnedObject? Object { get; set; }

        public HashSet<Node>? Dependents { get; set; }
    }
}

/// <summary>An object, its owners and what it owns, as they were at one moment.</summary>
internal sealed record GraphItem(ApiResource Resource, OwnedObject Object, GraphOwner[] Owners, GraphDependent[] Dependents);

/// <summary>An owner as an object names it.</summary>
/// <param name="Reference">The name.</param>
/// <param name="Object">The object of that uid, or null if no watch has shown it.</param>
/// <param name="Fits">Whether it is called as the reference says.</param>
internal readonly record struct GraphOwner(OwnerReference Reference, OwnedObject? Object, bool Fits);

/// <summary>An object that names another as its owner.</summary>
/// <param name="Resource">Its resource.</param>
/// <param name="Object">The object.</param>
/// <param name="Blocks">Whether the owner, deleted in the foreground, waits for it.</param>
internal readonly record struct GraphDependent(ApiResource Resource, OwnedObject Object, bool Blocks);
