using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>
/// Which pods each service selects, kept up to date by both watches, so that a change of a pod costs its services and nobody else. A
/// service is found by one label of its selector, since there are few services to a label and many pods. For use by many threads.
/// </summary>
internal sealed class ServicePods
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Scope> _scopes = [];
    private readonly List<Action<ObjectKey>> _subscribers = [];

    public ServicePods(ControllerContext context)
    {
        context.Informers.Of(Resources.Services).Subscribe((before, now) => TakeService((now ?? before)!.Key, now));
        context.Informers.Of(Resources.Pods).Subscribe((before, now) => TakePod((now ?? before)!.Key, now));
    }

    /// <summary>Hears of services that changed, or whose pods did. To be called before the informers run.</summary>
    public void Subscribe(Action<ObjectKey> onChange) => _subscribers.Add(onChange);

    /// <summary>The pods of a service, in the order of their names.</summary>
    public IReadOnlyList<Pod> PodsOf(ObjectKey service)
    {
        Pod[] pods;
        lock (_lock)
        {
            pods = Find(service) is { } selected ? [.. selected.Pods.Values] : [];
        }

        Array.Sort(pods, static (a, b) => string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name));
        return pods;
    }

    /// <summary>How many pods a service has.</summary>
    public int Count(ObjectKey service)
    {
        lock (_lock)
        {
            return Find(service)?.Pods.Count ?? 0;
        }
    }

    /// <summary>Whether endpoints could be different after a change of a pod.</summary>
    internal static bool Matters(Pod before, Pod now) =>
        before.Metadata.Uid != now.Metadata.Uid
        || before.Metadata.IsBeingDeleted != now.Metadata.IsBeingDeleted
        || before.IsFinished != now.IsFinished
        || before.IsReady != now.IsReady
        || before.Spec.NodeName != now.Spec.NodeName
        || before.Spec.Hostname != now.Spec.Hostname
        || before.Spec.Subdomain != now.Spec.Subdomain
        || !AddressesOf(before).SequenceEqual(AddressesOf(now))
        || !HasSameLabels(before.Metadata.Labels, now.Metadata.Labels);

    /// <summary>The addresses of a pod, one of each family.</summary>
    internal static IEnumerable<string> AddressesOf(Pod pod) => pod.Status.PodIps is { Length: > 0 } all ? all.Select(ip => ip.Ip)
        : pod.Status.PodIp.Length > 0 ? [pod.Status.PodIp]
        : [];

    private static bool HasSameLabels(Dictionary<string, string> a, Dictionary<string, string> b) =>
        a.Count == b.Count && a.All(label => b.TryGetValue(label.Key, out var value) && value == label.Value);

    private Selected? Find(ObjectKey service) =>
        _scopes.TryGetValue(service.Namespace, out var scope) ? scope.Services.GetValueOrDefault(service.Name) : null;

    private void TakeService(ObjectKey key, Service? now)
    {
        lock (_lock)
        {
            var scope = ScopeOf(key.Namespace);
            scope.Remove(key.Name);
            if (now is not null && now.Spec.Selector.Count > 0)
            {
                scope.Add(key.Name, now.Spec.Selector);
            }

            Forget(key.Namespace, scope);
        }

        Tell(key);
    }

    private void TakePod(ObjectKey key, Pod? now)
    {
        HashSet<string>? touched = null;
        lock (_lock)
        {
            var scope = ScopeOf(key.Namespace);
            scope.Pods.Remove(key.Name, out var before);
            if (now is not null)
            {
                scope.Pods[key.Name] = now;
            }

            var matters = before is null || now is null || Matters(before, now);
            foreach (var (name, selected) in scope.Selecting(before))
            {
                selected.Pods.Remove(key.Name);
                touched = Note(touched, name, matters);
            }

            foreach (var (name, selected) in scope.Selecting(now))
            {
                selected.Pods[key.Name] = now!;
                touched = Note(touched, name, matters);
            }

            Forget(key.Namespace, scope);
        }

        foreach (var name in touched ?? [])
        {
            Tell(new ObjectKey(key.Namespace, name));
        }
    }

    private static HashSet<string>? Note(HashSet<string>? touched, string service, bool matters)
    {
        if (matters)
        {
            touched ??= [];
            touched.Add(service);
        }

        return touched;
    }

    private void Tell(ObjectKey service)
    {
        foreach (var subscriber in _subscribers)
        {
            subscriber(service);
        }
    }

    private Scope ScopeOf(string name)
    {
        if (!_scopes.TryGetValue(name, out var scope))
        {
            _scopes[name] = scope = new Scope();
        }

        return scope;
    }

    private void Forget(string name, Scope scope)
    {
        if (scope.Pods.Count == 0 && scope.Services.Count == 0)
        {
            _scopes.Remove(name);
        }
    }

    /// <summary>One namespace.</summary>
    private sealed class Scope
    {
        private readonly Dictionary<(string Key, string Value), List<string>> _byLabel = [];

        public Dictionary<string, Pod> Pods { get; } = [];

        public Dictionary<string, Selected> Services { get; } = [];

        public void Add(string name, Dictionary<string, string> selector)
        {
            var selected = new Selected(selector);
            Services[name] = selected;
            if (!_byLabel.TryGetValue(selected.Label, out var names))
            {
                _byLabel[selected.Label] = names = [];
            }

            names.Add(name);
            foreach (var (pod, value) in Pods)
            {
                if (selected.Selects(value))
                {
                    selected.Pods[pod] = value;
                }
            }
        }

        public void Remove(string name)
        {
            if (Services.Remove(name, out var selected) && _byLabel.TryGetValue(selected.Label, out var names))
            {
                names.Remove(name);
                if (names.Count == 0)
                {
                    _byLabel.Remove(selected.Label);
                }
            }
        }

        public IEnumerable<(string Name, Selected Selected)> Selecting(Pod? pod)
        {
            if (pod is null || _byLabel.Count == 0)
            {
                yield break;
            }

            foreach (var (key, value) in pod.Metadata.Labels)
            {
                if (!_byLabel.TryGetValue((key, value), out var names))
                {
                    continue;
                }

                foreach (var name in names)
                {
                    if (Services[name].Selects(pod))
                    {
                        yield return (name, Services[name]);
                    }
                }
            }
        }
    }

    /// <summary>A service's selector, and the pods it selects.</summary>
    private sealed class Selected(Dictionary<string, string> selector)
    {
        /// <summary>The label by which the service is found.</summary>
        public (string Key, string Value) Label { get; } = selector.Select(pair => (pair.Key, pair.Value)).Min();

        public Dictionary<string, Pod> Pods { get; } = [];

        public bool Selects(Pod pod)
        {
            foreach (var (key, value) in selector)
            {
                if (!pod.Metadata.Labels.TryGetValue(key, out var found) || found != value)
                {
                    return false;
                }
            }

            return true;
        }
    }
}
