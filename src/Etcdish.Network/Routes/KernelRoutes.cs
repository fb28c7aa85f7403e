using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Etcdish.Network.Routes;

/// <summary>
/// The kernel's routes to pods and the tunnel that some of them take, through ip(8) and bridge(8). Each time it looks at what there is and
/// changes what differs. Routes are told from others' by their protocol number; what is on the tunnel's device is ours.
/// </summary>
internal sealed class KernelRoutes(HostCommands host, NodeRouteOptions options)
{
    private const string Device = "etcdish-vx";
    private const int Vni = 1;
    private const string Protocol = "173";

    /// <summary>The addresses of this node's devices.</summary>
    public async Task<IReadOnlyList<LinkAddress>> ReadLinksAsync(CancellationToken cancellation) =>
    [
        .. from device in await ReadAsync("ip", ["-j", "addr", "show"], cancellation)
           from address in Items(device["addr_info"])
           let parsed = IPAddress.TryParse(Text(address, "local"), out var found) ? found : null
           where parsed is not null
           select new LinkAddress(Text(device, "ifname"), parsed, (int)address["prefixlen"]!, (int)device["mtu"]!),
    ];

    /// <summary>Brings the kernel to these routes.</summary>
    /// <param name="routes">The routes to other nodes' pods.</param>
    /// <param name="own">This node's own ranges: they give the tunnel's end its addresses.</param>
    /// <param name="device">The device with this node's address.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task ApplyAsync(
        IReadOnlyList<PodRoute> routes, IReadOnlyList<IPNetwork> own, string device, CancellationToken cancellation)
    {
        await host.SetAsync("net/ipv4/ip_forward", "1", cancellation);
        if (routes.Select(route => route.Network).Concat(own).Any(network => network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6))
        {
            await host.SetAsync("net/ipv6/conf/all/forwarding", "1", cancellation);
        }

        PodRoute[] tunnelled = [.. routes.Where(route => route.Device is null)];
        await ApplyTunnelAsync(tunnelled.Length > 0, own, device, cancellation);
        if (tunnelled.Length > 0)
        {
            await ApplyPeersAsync(tunnelled, cancellation);
        }

        await ApplyRoutesAsync(routes, cancellation);
    }

    /// <summary>Removes all routes and the tunnel.</summary>
    public async Task RemoveAsync(CancellationToken cancellation)
    {
        await ApplyTunnelAsync(isWanted: false, [], "", cancellation);
        await ApplyRoutesAsync([], cancellation);
    }

    private async Task ApplyRoutesAsync(IReadOnlyList<PodRoute> routes, CancellationToken cancellation)
    {
        var wanted = routes.ToDictionary(route => route.Network.ToString(), RouteText);
        List<string> lines = [];
        foreach (var family in (string[])["-4", "-6"])
        {
            foreach (var route in await ReadAsync("ip", ["-j", family, "route", "show", "proto", Protocol], cancellation))
            {
                var network = Text(route, "dst");
                var there = $"via {Text(route, "gateway")} dev {Text(route, "dev")}";
                if (wanted.TryGetValue(network, out var text) && text.StartsWith(there, StringComparison.Ordinal))
                {
                    wanted.Remove(network);
                }
                else if (text is null)
                {
                    lines.Add($"route del {network} dev {Text(route, "dev")} proto {Protocol}");
                }
            }
        }

        lines.AddRange(wanted.Select(route => $"route replace {route.Key} {route.Value} proto {Protocol}"));
        await BatchAsync("ip", lines, cancellation);
    }

    private static string RouteText(PodRoute route) => route.Device is { } device
        ? $"via {route.Node} dev {device}"
        : $"via {route.Network.BaseAddress} dev {Device} onlink";

    private async Task ApplyTunnelAsync(bool isWanted, IReadOnlyList<IPNetwork> own, string device, CancellationToken cancellation)
    {
        var found = (await ReadAsync("ip", ["-j", "-d", "link", "show", "type", "vxlan"], cancellation))
            .FirstOrDefault(link => Text(link, "ifname") == Device);
        List<string> lines = [];
        var isRight = isWanted && found is not null && IsRight(found);
        if (found is not null && !isRight)
        {
            lines.Add($"link del {Device}");
        }

        if (isWanted && !isRight)
        {
            lines.Add($"link add {Device} address {RoutePlan.HardwareAddressOf(options.NodeAddress)} type vxlan id {Vni} "
                + $"dev {device} local {options.NodeAddress} dstport {options.VxlanPort} nolearning");
        }

        if (isWanted)
        {
            lines.AddRange(own.Select(network => $"addr replace {network.BaseAddress}/{Bits(network.BaseAddress)} dev {Device}"));
            lines.Add($"link set {Device} up");
        }

        await BatchAsync("ip", lines, cancellation);
    }

    private bool IsRight(JsonNode link)
    {
        var data = link["linkinfo"]?["info_data"];
        var local = Text(data, options.NodeAddress.AddressFamily == AddressFamily.InterNetwork ? "local" : "local6");
        return (int?)data?["id"] == Vni && (int?)data?["port"] == options.VxlanPort && local == options.NodeAddress.ToString()
            && Text(link, "address") == RoutePlan.HardwareAddressOf(options.NodeAddress);
    }

    private async Task ApplyPeersAsync(PodRoute[] routes, CancellationToken cancellation)
    {
        var gateways = routes.ToDictionary(route => route.Network.BaseAddress.ToString(), route => RoutePlan.HardwareAddressOf(route.Node));
        var nodes = routes.DistinctBy(route => route.Node)
            .ToDictionary(route => RoutePlan.HardwareAddressOf(route.Node), route => route.Node.ToString());
        var neighbours = await ReadAsync("ip", ["-j", "neigh", "show", "dev", Device, "nud", "permanent"], cancellation);
        List<string> lines =
        [
            .. neighbours.Select(entry => Text(entry, "dst")).Where(gateway => !gateways.ContainsKey(gateway))
                .Select(gateway => $"neigh del {gateway} dev {Device}"),
            .. gateways.Select(entry => $"neigh replace {entry.Key} lladdr {entry.Value} dev {Device} nud permanent"),
        ];
        await BatchAsync("ip", lines, cancellation);
        var forwards = await ReadAsync("bridge", ["-j", "fdb", "show", "dev", Device], cancellation);
        lines =
        [
            .. forwards.Where(entry => nodes.GetValueOrDefault(Text(entry, "mac")) != Text(entry, "dst"))
                .Select(entry => $"fdb del {Text(entry, "mac")} dev {Device} dst {Text(entry, "dst")} self"),
            .. nodes.Select(entry => $"fdb replace {entry.Key} dev {Device} dst {entry.Value} self permanent"),
        ];
        await BatchAsync("bridge", lines, cancellation);
    }

    private async Task BatchAsync(string program, List<string> lines, CancellationToken cancellation)
    {
        if (lines.Count > 0)
        {
            await host.RunAsync(program, ["-batch", "-"], string.Join('\n', lines) + "\n", cancellation);
        }
    }

    private async Task<IEnumerable<JsonNode>> ReadAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        var text = await host.RunAsync(program, arguments, "", cancellation);
        return string.IsNullOrWhiteSpace(text) ? [] : Items(JsonNode.Parse(text));
    }

    private static IEnumerable<JsonNode> Items(JsonNode? list) => (list as JsonArray ?? []).OfType<JsonNode>();

    private static string Text(JsonNode? node, string name) => (string?)node?[name] ?? "";

    private static int Bits(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
}
