using System.Net.Sockets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.LoadBalancers;

/// <summary>Families of addresses by the names that the API has for them.</summary>
internal static class Families
{
    /// <summary>Those of a service, its primary one first.</summary>
    public static IEnumerable<AddressFamily> Of(Service service) =>
        service.Spec.IpFamilies.Length == 0 ? [AddressFamily.InterNetwork] : service.Spec.IpFamilies.Select(Parse);

    /// <summary>The name of one.</summary>
    public static string NameOf(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    private static AddressFamily Parse(string name) => name == "IPv6" ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
}
