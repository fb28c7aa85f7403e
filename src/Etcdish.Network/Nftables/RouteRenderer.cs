using System.Net;
using Etcdish.Network.Services;

namespace Etcdish.Network.Nftables;

/// <summary>
/// A route in one family as elements of maps and, where these do not suffice, chains; pure. A packet finds its service by one look into a
/// map, whatever number of services there is. Most services are elements only, which the kernel changes without looking at anything else;
/// whenever a chain, a rule or a verdict changes, it looks at all chains and all verdicts of the table.
/// </summary>
internal static class RouteRenderer
{
    private const int LongestComment = 120;

    /// <summary>What a route needs in the table of a family; nothing if the service has no address of it.</summary>
    public static NftRules Render(ServiceRoute route, NftFamily family)
    {
        if (route.ClusterIps.FirstOrDefault(family.Has) is not { } clusterIp)
        {
            return NftRules.None;
        }

        var run = new Run(route, family);
        run.AddInternal(clusterIp);
        run.AddExternal();
        run.Chains.AddEndpoints();
        return new NftRules(run.Chains.Chains, run.Elements, run.Chains.Sets);
    }

    private sealed class Run
    {
        private readonly ServiceRoute _route;
        private readonly NftFamily _family;
        private readonly ServiceNames _names;
        private readonly string _protocol;
        private readonly ServiceEndpoint[] _internal;
        private readonly ServiceEndpoint[] _external;
        private readonly IPAddress[] _balanced;
        private readonly Front[] _outside;
        private readonly bool _isDirect;

        public Run(ServiceRoute route, NftFamily family)
        {
            (_route, _family, _names) = (route, family, new ServiceNames(route.Key));
            _protocol = route.Key.Protocol.ToLowerInvariant();
            _internal = [.. route.InternalEndpoints.Where(e => family.Has(e.Address))];
            _external = [.. route.ExternalEndpoints.Where(e => family.Has(e.Address))];
            _balanced = [.. route.LoadBalancerIps.Where(family.Has)];
            _outside =
            [
                .. _balanced.Union(route.ExternalIps.Where(family.Has)).Select(At),
                .. route.NodePort > 0 ? [new Front($"{_protocol} . {route.NodePort}", IsPort: true)] : (Front[])[],
            ];

            // Who stays with an endpoint, and who is outside, is known to rules only.
            _isDirect = route.Affinity is null && !(route.IsExternalLocal && _outside.Length > 0)
                && _internal.Length <= ServiceFrame.MostDirect && _external.Length <= ServiceFrame.MostDirect;
            Chains = new ServiceChains(route, family, _names, _internal, _external);
        }

        public ServiceChains Chains { get; }

        public List<NftElement> Elements { get; } = [];

        public void AddInternal(IPAddress address)
        {
            Elements.Add(new NftElement(new NftSlot(ServiceFrame.ClusterIps, $"{address}"), ""));
            var front = At(address);
            if (_internal.Length == 0)
            {
                Refuse(front, _route.IsInternalLocal);
            }
            else if (_isDirect)
            {
                Lead(front, _internal);
            }
            else
            {
                Chains.AddService(address);
                Add(front, ServiceFrame.ServiceIps, $"goto {_names.Service}");
            }
        }

        public void AddExternal()
        {
            if (_outside.Length == 0)
            {
                return;
            }

            if (!_isDirect && (_external.Length > 0 || (_route.IsExternalLocal && _internal.Length > 0)))
            {
                Chains.AddExternal();
                Array.ForEach(_outside, front => Add(front, front.Chains, $"goto {_names.External}"));
            }

            foreach (var front in _outside)
            {
                if (_external.Length == 0)
                {
                    // With endpoints on other nodes only, this is for those from outside: the chain has led the others away.
                    Refuse(front, _route.IsExternalLocal);
                }
                else if (_isDirect)
                {
                    Lead(front, _external);
                    Mask(front);
                }
            }

            if (_route.SourceRanges.Count > 0 && _balanced.Length > 0)
            {
                Chains.AddFirewall();
                Array.ForEach(_balanced, address => Add(At(address), ServiceFrame.FirewallIps, $"goto {_names.Firewall}"));
            }
        }

        private void Lead(Front front, ServiceEndpoint[] endpoints)
        {
            Tell(front, front.Direct, "");
            for (var i = 0; i < endpoints.Length; i++)
            {
                var (address, port) = (endpoints[i].Address, endpoints[i].Port);
                var number = ServiceFrame.NumberOf(i, endpoints.Length);
                Elements.Add(new NftElement(new NftSlot(front.Endpoints, $"{front.Key} . {number}"), $"{address} . {port}")
                {
                    Place = front.Key,
                });
                Elements.Add(new NftElement(new NftSlot(ServiceFrame.Hairpins, $"{address} . {address}"), ""));
            }
        }

        // What comes by a port of the node is masked without being asked for.
        private void Mask(Front front)
        {
            if (!front.IsPort)
            {
                Add(front, ServiceFrame.MaskedIps, "");
            }
        }

        private void Refuse(Front front, bool isLocal) =>
            Tell(front, front.Refusals, isLocal && _route.HasEndpointsElsewhere ? "drop" : $"goto {ServiceFrame.Reject}");

        private void Add(Front front, string map, string value) =>
            Elements.Add(new NftElement(new NftSlot(map, front.Key), value) { Place = front.Key });

        /// <summary>Adds an element that says whose it is.</summary>
        private void Tell(Front front, string map, string value)
        {
            var name = _route.Key.ToString();
            Elements.Add(new NftElement(new NftSlot(map, front.Key), value)
            {
                Place = front.Key,
                Comment = name.Length > LongestComment ? name[..LongestComment] : name,
            });
        }

        private Front At(IPAddress address) => new($"{address} . {_protocol} . {_route.Port}", IsPort: false);
    }

    /// <summary>Where a service is found, and the maps in which it is.</summary>
    private readonly record struct Front(string Key, bool IsPort)
    {
        public string Chains => IsPort ? ServiceFrame.ServiceNodePorts : ServiceFrame.ServiceIps;

        public string Direct => IsPort ? ServiceFrame.DirectNodePorts : ServiceFrame.DirectIps;

        public string Endpoints => IsPort ? ServiceFrame.NodePortEndpoints : ServiceFrame.Endpoints;

        public string Refusals => IsPort ? ServiceFrame.NoEndpointNodePorts : ServiceFrame.NoEndpointServices;
    }
}
