using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Garbage;

/// <summary>An owner as an object of a namespace names it.</summary>
internal readonly record struct OwnerName(string ApiVersion, string Kind, string Namespace, string Name, string Uid)
{
    public static OwnerName Of(OwnerReference reference, string ns) =>
        new(reference.ApiVersion, reference.Kind, ns, reference.Name, reference.Uid);
}

/// <summary>
/// Owners that were seen to go, or that the API did not have when it was asked. A uid never comes back, so that the answer holds for
/// ever; of many the oldest are forgotten. For use by many threads.
/// </summary>
internal sealed class AbsentOwners
{
    private const int MaxKnown = 4096;
    private readonly Lock _lock = new();
    private readonly HashSet<OwnerName> _known = [];
    private readonly Queue<OwnerName> _order = [];

    public bool Contains(OwnerName owner)
    {
        lock (_lock)
        {
            return _known.Contains(owner);
        }
    }

    public void Add(OwnerName owner)
    {
        lock (_lock)
        {
            if (!_known.Add(owner))
            {
                return;
            }

            _order.Enqueue(owner);
            if (_order.Count > MaxKnown)
            {
                _known.Remove(_order.Dequeue());
            }
        }
    }
}
