using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Kinds;

namespace Etcdish.Scheduler.Pods;

/// <summary>
/// Which pods belong together though their specs do not say: those of one service, replica set or stateful set. Pods without spread
/// constraints of their own are spread by that.
/// </summary>
internal sealed class OwnerSelectors
{
    private readonly Dictionary<string, SortedDictionary<string, LabelSelector>> _services = [];
    private readonly Dictionary<(string Kind, ObjectKey Key), (string Uid, LabelSelector Selector)> _owners = [];

    /// <summary>Grows with every change.</summary>
    public long Version { get; private set; }

    public void Set(ObjectKey key, ServiceFacts? service)
    {
        Version++;
        if (!_services.TryGetValue(key.Namespace, out var there))
        {
            _services[key.Namespace] = there = new(StringComparer.Ordinal);
        }

        if (service is { Spec.Selector.Count: > 0 })
        {
            there[key.Name] = LabelSelector.FromLabels(service.Spec.Selector);
        }
        else
        {
            there.Remove(key.Name);
        }
    }

    public void Set(string kind, ObjectKey key, OwnerFacts? owner)
    {
        // Their status changes all the time, and means nothing here.
        if (owner is not null && _owners.TryGetValue((kind, key), out var known) && known.Uid == owner.Metadata.Uid
            && known.Selector.ToString() == owner.Spec.Selector.ToString())
        {
            return;
        }

        Version++;
        if (owner is null || owner.Spec.Selector.IsNothing)
        {
            _owners.Remove((kind, key));
        }
        else
        {
            _owners[(kind, key)] = (owner.Metadata.Uid, owner.Spec.Selector);
        }
    }

    /// <summary>Selects the pods that belong together with those of a shape; null: nothing says so.</summary>
    public PodMatcher? Of(PodShape shape)
    {
        List<LabelSelector> selectors = [];
        if (_services.TryGetValue(shape.Namespace, out var services))
        {
            selectors.AddRange(services.Values.Where(s => s.Matches(shape.Labels.Labels)));
        }

        if (shape.Controller is { } controller
            && _owners.TryGetValue((controller.Kind, new ObjectKey(shape.Namespace, controller.Name)), out var owner))
        {
            selectors.Add(owner.Selector);
        }

        return selectors.Count == 0 ? null : PodMatcher.Of(shape.Namespace, [.. selectors]);
    }
}
