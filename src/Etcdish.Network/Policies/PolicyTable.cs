using System.Net.Sockets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Policies;

/// <summary>
/// Policies, pods and namespaces, and the table of the packet filter that follows from them. Each pod of this node that a policy is for
/// leads, by its address, to a chain of its own and its likes; that leads to the chains of its policies and drops what none accepts. A
/// change of a pod touches the sets that it is in, a change of a policy its own chains.
/// </summary>
internal sealed class PolicyTable
{
    private const string Replies = "ct state established,related accept";

    // Without these, pods of one bridge would not find each other: neighbours are found by packets that go through the filter.
    private const string Neighbours =
        "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept";

    private static readonly IReadOnlyDictionary<string, string> _noLabels = new Dictionary<string, string>();

    private static readonly Dictionary<ObjectKey, PolicyPod> _noPods = [];

    private readonly string _node;
    private readonly Dictionary<ObjectKey, PolicyPod> _pods = [];
    private readonly Dictionary<string, Dictionary<ObjectKey, PolicyPod>> _podsOf = [];
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _namespaces = [];
    private readonly Dictionary<string, SortedDictionary<string, CompiledPolicy>> _policies = [];
    private readonly Dictionary<string, HashSet<CompiledPolicy>> _active = [];
    private readonly HashSet<CompiledPolicy> _wide = [];
    private readonly Dictionary<string, CompiledPolicy[]> _around = [];
    private readonly Dictionary<ObjectKey, PodSelection> _selections = [];
    private readonly ChainGroups _groups;
    private readonly HashSet<CompiledPolicy> _unused = [];
    private long _lastNumber;

    /// <summary>Makes one, empty.</summary>
    /// <param name="table">The table's name, with its family.</param>
    /// <param name="node">This node's name.</param>
    public PolicyTable(string table, string node)
    {
        _node = node;
        Image = new TableImage(table);
        _groups = new ChainGroups(Image);
        foreach (var (family, address) in (ReadOnlySpan<(string, string)>)[("ip", "ipv4_addr"), ("ip6", "ipv6_addr")])
        {
            Image.AddSet($"egress-{family}", $"type {address} : verdict;", isMap: true);
            Image.AddSet($"ingress-{family}", $"type {address} : verdict;", isMap: true);
            Image.AddSet($"self-{family}", $"type {address} . {address};");
        }

        // Two base chains, for what one accepts the next still judges.
        Image.AddChain("egress", "type filter hook forward priority filter; policy accept;", BaseLines("egress", "saddr"));
        Image.AddChain("ingress", "type filter hook forward priority filter + 1; policy accept;", BaseLines("ingress", "daddr"));
    }

    /// <summary>The table.</summary>
    public TableImage Image { get; }

    /// <summary>Takes a policy as it is now; null: it is gone.</summary>
    public void SetPolicy(ObjectKey key, NetworkPolicy? policy)
    {
        PolicyPod[] local = [.. PodsOf(key.Namespace).Where(pod => pod.IsLocal)];
        Array.ForEach(local, Deselect);
        if (!_policies.TryGetValue(key.Namespace, out var policies))
        {
            _policies[key.Namespace] = policies = new SortedDictionary<string, CompiledPolicy>(StringComparer.Ordinal);
        }

        policies.Remove(key.Name);
        if (policy is not null)
        {
            policies.Add(key.Name, new CompiledPolicy(++_lastNumber, policy));
        }

        Array.ForEach(local, Select);
        Sweep();
    }

    /// <summary>Takes a namespace's labels as they are now; null: it is gone.</summary>
    public void SetNamespace(string name, IReadOnlyDictionary<string, string>? labels)
    {
        if (PolicyPod.AreSame(LabelsOf(name), labels ?? _noLabels))
        {
            return;
        }

        PolicyPod[] pods = [.. PodsOf(name)];
        Array.ForEach(pods, pod => ForEachElement(pod, PoliciesAround(name), Image.Remove));
        _around.Remove(name);
        _namespaces[name] = labels ?? _noLabels;
        if (labels is null)
        {
            _namespaces.Remove(name);
        }

        Array.ForEach(pods, pod => ForEachElement(pod, PoliciesAround(name), Put));
    }

    /// <summary>Takes a pod as it is now; null: it is gone.</summary>
    public void SetPod(ObjectKey key, Pod? pod)
    {
        var (before, now) = (_pods.GetValueOrDefault(key), pod is null ? null : PolicyPod.Of(pod, _node));
        if (before is null ? now is null : now is not null && now.IsSame(before))
        {
            return;
        }

        if (before is not null)
        {
            ForEachElement(before, PoliciesAround(key.Namespace), Image.Remove);
            Deselect(before);
            _pods.Remove(key);
            _podsOf[key.Namespace].Remove(key);
        }

        if (now is not null)
        {
            _pods.Add(key, now);
            _podsOf.TryAdd(key.Namespace, []);
            _podsOf[key.Namespace].Add(key, now);
            Select(now);
            ForEachElement(now, PoliciesAround(key.Namespace), Put);
        }

        Sweep();
    }

    /// <summary>Lets a pod's addresses lead to the chains of its policies.</summary>
    private void Select(PolicyPod pod)
    {
        if (!pod.IsLocal || !_policies.TryGetValue(pod.Key.Namespace, out var policies))
        {
            return;
        }

        CompiledPolicy[] selecting = [.. policies.Values.Where(policy => policy.Selects(pod))];
        if (selecting.Length == 0)
        {
            return;
        }

        Array.ForEach(selecting, Use);
        string[] ingress = [.. selecting.Where(policy => policy.IsIngress).Select(policy => policy.IngressChain)];
        string[] egress = [.. selecting.Where(policy => policy.IsEgress).Select(policy => policy.EgressChain)];
        _selections.Add(pod.Key, new PodSelection(selecting, ingress, egress));
        foreach (var (maps, chains) in ((string, string[])[])[("ingress", ingress), ("egress", egress)])
        {
            if (chains.Length > 0)
            {
                var verdict = $"goto {_groups.Acquire(chains)}";
                ForEachAddress(pod, (family, address) => Image.Put($"{maps}-{family}", pod.Key.ToString(), address, verdict));
            }
        }

        ForEachAddress(pod, (family, address) => Image.Put($"self-{family}", pod.Key.ToString(), $"{address} . {address}"));
    }

    private void Deselect(PolicyPod pod)
    {
        if (!_selections.Remove(pod.Key, out var selection))
        {
            return;
        }

        var owner = pod.Key.ToString();
        ForEachAddress(pod, (family, address) =>
        {
            Image.Remove($"self-{family}", owner, $"{address} . {address}");
            Image.Remove($"ingress-{family}", owner, address);
            Image.Remove($"egress-{family}", owner, address);
        });
        _groups.Release(selection.Ingress);
        _groups.Release(selection.Egress);
        foreach (var policy in selection.Policies)
        {
            if (--policy.Uses == 0)
            {
                _unused.Add(policy);
            }
        }
    }

    private void Use(CompiledPolicy policy)
    {
        policy.Uses++;
        if (!policy.IsActive)
        {
            Activate(policy);
        }
    }

    private void Activate(CompiledPolicy policy)
    {
        policy.IsActive = true;
        _around.Clear();
        foreach (var (name, form, elements) in policy.Rules.SelectMany(rule => rule.Sets()))
        {
            Image.AddSet(name, form);
            Array.ForEach(elements, element => Image.Put(name, "", element));
        }

        if (policy.IsIngress)
        {
            Image.AddChain(policy.IngressChain, policy.Comment, policy.Ingress.SelectMany(rule => rule.Lines()));
        }

        if (policy.IsEgress)
        {
            Image.AddChain(policy.EgressChain, policy.Comment, policy.Egress.SelectMany(rule => rule.Lines()));
        }

        _active.TryAdd(policy.Key.Namespace, []);
        _active[policy.Key.Namespace].Add(policy);
        if (policy.IsWide)
        {
            _wide.Add(policy);
        }

        foreach (var pod in policy.IsWide ? _pods.Values : PodsOf(policy.Key.Namespace))
        {
            ForEachElement(pod, [policy], Put);
        }
    }

    /// <summary>Removes what came out of use by a change, and has not come back by the same.</summary>
    private void Sweep()
    {
        _groups.Sweep();
        foreach (var policy in _unused.Where(policy => policy.Uses == 0).OrderBy(policy => policy.Number))
        {
            policy.IsActive = false;
            _around.Clear();
            _active[policy.Key.Namespace].Remove(policy);
            _wide.Remove(policy);
            if (policy.IsIngress)
            {
                Image.DropChain(policy.IngressChain);
            }

            if (policy.IsEgress)
            {
                Image.DropChain(policy.EgressChain);
            }

            foreach (var (name, _, _) in policy.Rules.SelectMany(rule => rule.Sets()))
            {
                Image.DropSet(name);
            }
        }

        _unused.Clear();
    }

    /// <summary>The policies in whose sets pods of a namespace may be.</summary>
    private CompiledPolicy[] PoliciesAround(string ns)
    {
        if (!_around.TryGetValue(ns, out var policies))
        {
            var labels = LabelsOf(ns);
            _around[ns] = policies =
            [
                .. _active.GetValueOrDefault(ns, []),
                .. _wide.Where(policy => policy.Key.Namespace != ns && policy.Concerns(labels)),
            ];
        }

        return policies;
    }

    private void ForEachElement(PolicyPod pod, IEnumerable<CompiledPolicy> policies, Action<string, string, string> action)
    {
        var (owner, labels) = (pod.Key.ToString(), LabelsOf(pod.Key.Namespace));
        foreach (var policy in policies)
        {
            var isSelected = policy.Selects(pod);
            foreach (var (set, element) in policy.Rules.SelectMany(rule => rule.ElementsOf(pod, labels, isSelected)))
            {
                action(set, owner, element);
            }
        }
    }

    private void Put(string set, string owner, string element) => Image.Put(set, owner, element);

    private IReadOnlyDictionary<string, string> LabelsOf(string ns) => _namespaces.GetValueOrDefault(ns, _noLabels);

    private Dictionary<ObjectKey, PolicyPod>.ValueCollection PodsOf(string ns) => _podsOf.GetValueOrDefault(ns, _noPods).Values;

    private static void ForEachAddress(PolicyPod pod, Action<string, string> action)
    {
        foreach (var address in pod.Addresses)
        {
            action(address.AddressFamily == AddressFamily.InterNetwork ? "ip" : "ip6", address.ToString());
        }
    }

    private static string[] BaseLines(string direction, string side) =>
    [
        Replies,
        Neighbours,
        "ip saddr . ip daddr @self-ip accept",
        "ip6 saddr . ip6 daddr @self-ip6 accept",
        $"ip {side} vmap @{direction}-ip",
        $"ip6 {side} vmap @{direction}-ip6",
    ];

    private sealed record PodSelection(CompiledPolicy[] Policies, string[] Ingress, string[] Egress);
}
