using System.Net;
using Etcdish.Network.Services;

namespace Etcdish.Network.Nftables;

/// <summary>
/// A route in one family as chains and elements; pure. A packet finds its service by one look into a map, whatever number of services
/// there is, and one chain of the service picks the endpoint.
/// </summary>
internal static class RouteRenderer
{
    /// <summary>
    /// Up to so many endpoints are picked by a rule each, more by one map in the rule. When the kernel makes a map without a name, it walks
    /// over all other sets of the table to find one: ten thousand of them take it minutes. And few rules are as quick as a map.
    /// </summary>
    private const int MostByRules = 8;

    /// <summary>What a route needs in the table of a family; nothing if the service has no address of it.</summary>
    public static NftRules Render(ServiceRoute route, NftFamily family)
    {
        if (route.ClusterIps.FirstOrDefault(family.Has) is not { } clusterIp)
        {
            return NftRules.None;
        }

        var run = new Run(route, family, new ServiceNames(route.Key));
        run.AddInternal(clusterIp);
        run.AddExternal();
        run.AddEndpoints();
        return new NftRules(run.Chains, run.Elements, run.Sets);
    }

    private sealed class Run(ServiceRoute route, NftFamily family, ServiceNames names)
    {
        private readonly string _protocol = route.Key.Protocol.ToLowerInvariant();
        private readonly ServiceEndpoint[] _internal = [.. route.InternalEndpoints.Where(e => family.Has(e.Address))];
        private readonly ServiceEndpoint[] _external = [.. route.ExternalEndpoints.Where(e => family.Has(e.Address))];
        private readonly List<ServiceEndpoint> _used = [];
        private readonly HashSet<ServiceEndpoint> _seen = [];

        public List<NftChain> Chains { get; } = [];

        public List<NftElement> Elements { get; } = [];

        public List<NftSet> Sets { get; } = [];

        public void AddInternal(IPAddress address)
        {
            Add(ServiceFrame.ClusterIps, address.ToString(), "");
            if (_internal.Length == 0)
            {
                Add(ServiceFrame.NoEndpointServices, At(address), Refusal(route.IsInternalLocal));
                return;
            }

            Add(ServiceFrame.ServiceIps, At(address), $"goto {names.Service}");
            string[] mark = [$"{family.Word} daddr {address} {_protocol} dport {route.Port} jump {ServiceFrame.MarkOffCluster}"];
            Chains.Add(new NftChain(names.Service, [.. mark, .. Balance(_internal)]));
        }

        public void AddExternal()
        {
            List<IPAddress> balanced = [.. route.LoadBalancerIps.Where(family.Has)];
            List<IPAddress> addresses = [.. balanced.Union(route.ExternalIps.Where(family.Has))];
            if (addresses.Count == 0 && route.NodePort == 0)
            {
                return;
            }

            if (_external.Length > 0 || (route.IsExternalLocal && _internal.Length > 0))
            {
                Chains.Add(new NftChain(names.External, [.. ExternalRules()]));
                AddFronts(addresses, ServiceFrame.ServiceIps, ServiceFrame.ServiceNodePorts, $"goto {names.External}");
            }

            // With endpoints on other nodes only, this is for those from outside: the chain has led the others away.
            if (_external.Length == 0)
            {
                var refusal = Refusal(route.IsExternalLocal);
                AddFronts(addresses, ServiceFrame.NoEndpointServices, ServiceFrame.NoEndpointNodePorts, refusal);
            }

            if (route.SourceRanges.Count > 0 && balanced.Count > 0)
            {
                AddFirewall(balanced);
            }
        }

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
            else if (_internal.Length > 0)
            {
                yield return $"{family.Word} saddr @{ServiceFrame.PodCidrs} goto {names.Service}";
                yield return $"fib saddr type local jump {ServiceFrame.MarkForMasquerade}";
                yield return $"fib saddr type local goto {names.Service}";
            }

            IEnumerable<string> rest = _external.Length == 0 ? []
                : _internal.AsSpan().SequenceEqual(_external) ? [$"goto {names.Service}"]
                : Balance(_external);
            foreach (var rule in rest)
            {
                yield return rule;
            }
        }

        private void AddFronts(List<IPAddress> addresses, string services, string ports, string verdict)
        {
            addresses.ForEach(address => Add(services, At(address), verdict));
            if (route.NodePort > 0)
            {
                Add(ports, $"{_protocol} . {route.NodePort}", verdict);
            }
        }

        private void AddFirewall(List<IPAddress> balanced)
        {
            // Ranges of the other family only: nobody of this one was allowed.
            var ranges = CidrSet.Reduce(route.SourceRanges, family);
            var rule = ranges.Count > 0 ? $"{family.Word} saddr != {{ {string.Join(", ", ranges)} }} drop" : "drop";
            Chains.Add(new NftChain(names.Firewall, [rule]));
            balanced.ForEach(address => Add(ServiceFrame.FirewallIps, At(address), $"goto {names.Firewall}"));
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

        private string At(IPAddress address) => $"{address} . {_protocol} . {route.Port}";

        private string Refusal(bool isLocal) => isLocal && route.HasEndpointsElsewhere ? "drop" : $"goto {ServiceFrame.Reject}";

        private void Add(string map, string key, string value) => Elements.Add(new NftElement(new NftSlot(map, key), value));
    }
}
