using System.Net;
using Etcdish.Network.Nftables;
using Etcdish.Network.Services;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>Routes for tests.</summary>
internal static class SampleRoutes
{
    /// <summary>A route of <c>shop/web:http</c> at 10.96.0.7:80.</summary>
    /// <param name="endpoints">Addresses, with ports or 8080; those behind <c>!</c> are not on this node.</param>
    /// <param name="name">The service, and the last number of its address.</param>
    /// <param name="protocol">Its protocol.</param>
    public static ServiceRoute Web(string endpoints, string name = "web", string protocol = "TCP")
    {
        EndpointSet set = new([.. endpoints.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)]);
        return new ServiceRoute
        {
            Key = new ServicePortKey("shop", name, "http", protocol),
            ClusterIps = List("10.96.0.7 fd00:96::7"),
            Port = 80,
            InternalEndpoints = set,
            ExternalEndpoints = set,
            HasEndpointsElsewhere = set.Count > 0,
        };
    }

    public static Addresses List(string addresses) => new([.. addresses.Split(' ').Select(IPAddress.Parse)]);

    public static RouteChange To(this ServiceRoute? before, ServiceRoute? now) => new((now ?? before)!.Key, before, now);

    public static ServiceRoute Local(this ServiceRoute route) => route with
    {
        IsExternalLocal = true,
        ExternalEndpoints = new([.. route.InternalEndpoints.Where(endpoint => endpoint.IsLocal)]),
    };

    /// <summary>What a script would do.</summary>
    public static string Text(Action<NftScript> write)
    {
        var script = new NftScript();
        write(script);
        return script.ToString();
    }

    private static ServiceEndpoint Parse(string text)
    {
        var isLocal = text[0] != '!';
        var address = IPAddress.Parse(isLocal ? text : text[1..]);
        return new ServiceEndpoint(address, 8080, isLocal);
    }
}
