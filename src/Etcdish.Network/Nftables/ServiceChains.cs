using System.Net;
using Etcdish.Network.Services;

namespace Etcdish.Network.Nftables;

/// <summary>
/// The chains of a service that elements of maps do not suffice for: one of those whose clients stay with an endpoint, one that treats who
/// comes from outside otherwise, or one with very many endpoints. The chain of the service picks an endpoint, whose chain translates.
/// </summary>
internal sealed class ServiceChains(
    ServiceRoute route, NftFamily family, ServiceNames names, ServiceEndpoint[] internals, ServiceEndpoint[] externals)
{
    /// <summary>
    /// Up to so many endpoints are picked by a rule each, more by one map in the rule. When the kernel makes a map without a name, it walks
    /// over all other sets of the table to find one: ten thousand of them take it minutes. And few rules are as quick as a map.
    /// </summary>
    private const int MostByRules = 8;

    private readonly string _protocol = route.Key.Protocol.ToLowerInvariant();
    private readonly List<ServiceEndpoint> _used = [];
    private readonly HashSet<ServiceEndpoint> _seen = [];

    /// <summary>The chains.</summary>
    public List<NftChain> Chains { get; } = [];

    /// <summary>The sets of clients that stay with endpoints.</summary>
    public List<NftSet> Sets { get; } = [];

    /// <summary>Adds the chain of connections within the cluster.</summary>
    public void AddService(IPAddress address)
    {
        string[] mark = [$"{family.Word} daddr {address} {_protocol} dport {route.Port} jump {ServiceFrame.MarkOffCluster}"];
        Chains.Add(new NftChain(names.Service, [.. mark, .. Balance(internals)]));
    }

    /// <summary>Adds the chain of connections from outside.</summary>
    public void AddExternal() => Chains.Add(new NftChain(names.External, [.. ExternalRules()]));

    /// <summary>Adds the chain that asks who may use the load balancer.</summary>
    public void AddFirewall()
    {
        // Ranges of the other family only: nobody of this one was allowed.
        var ranges = CidrSet.Reduce(route.SourceRanges, family);
        var rule = ranges.Count > 0 ? $"{family.Word} saddr != {{ {string.Join(", ", ranges)} }} drop" : "drop";
        Chains.Add(new NftChain(names.Firewall, [rule]));
    }

    /// <summary>Adds the chains of all endpoints that others lead to.</summary>
    public void AddEndpoints()
    {
        foreach (var endpoint in _used)
        {
            List<string> rules = [$"{family.Word} saddr {endpoint.Address} jump {ServiceFrame.MarkForMasquerade}"];
            if (route.Affinity is { } time)
            {
                var set = names.AffinitySet(endpoint, time);
                var form = $"type {family.AddressType} ; flags dynamic,timeout ; timeout {(long)time.TotalSeconds}s ;";
                Sets.Add(new NftSet(set, "set", form));
                rules.Add($"update @{set} {{ {family.Word} saddr }}");
            }

            rules.Add($"meta l4proto {_protocol} dnat to {family.Target(endpoint.Address, endpoint.Port)}");
            Chains.Add(new NftChain(names.EndpointChain(endpoint), [.. rules]));
        }
    }

    // The node itself and its pods are not outside: for them it is a service like any other, whatever node its endpoints are on.
    private IEnumerable<string> ExternalRules()
    {
        if (!route.IsExternalLocal)
        {
            yield return $"jump {ServiceFrame.MarkForMasquerade}";
        }
        else if (internals.Length > 0)
        {
            yield return $"{family.Word} saddr @{ServiceFrame.PodCidrs} goto {names.Service}";
            yield return $"fib saddr type local jump {ServiceFrame.MarkForMasquerade}";
            yield return $"fib saddr type local goto {names.Service}";
        }

        IEnumerable<string> rest = externals.Length == 0 ? []
            : internals.AsSpan().SequenceEqual(externals) ? [$"goto {names.Service}"]
            : Balance(externals);
        foreach (var rule in rest)
        {
            yield return rule;
        }
    }

    private List<string> Balance(ServiceEndpoint[] endpoints)
    {
        List<string> rules = [];
        foreach (var endpoint in endpoints)
        {
            if (_seen.Add(endpoint))
            {
                _used.Add(endpoint);
            }

            if (route.Affinity is { } time && endpoints.Length > 1)
            {
                rules.Add($"{family.Word} saddr @{names.AffinitySet(endpoint, time)} goto {names.EndpointChain(endpoint)}");
            }
        }

        if (endpoints.Length > MostByRules)
        {
            var picks = endpoints.Select((endpoint, i) => $"{i} : goto {names.EndpointChain(endpoint)}");
            rules.Add($"numgen random mod {endpoints.Length} vmap {{ {string.Join(", ", picks)} }}");
            return rules;
        }

        // Each is taken with the probability that is its share of what those before it left over.
        for (var i = 0; i < endpoints.Length - 1; i++)
        {
            rules.Add($"numgen random mod {endpoints.Length - i} 0 goto {names.EndpointChain(endpoints[i])}");
        }

        rules.Add($"goto {names.EndpointChain(endpoints[^1])}");
        return rules;
    }
}
