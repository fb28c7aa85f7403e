using System.Globalization;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Ingress;

/// <summary>Which endpoints of a service get requests.</summary>
internal static class EndpointSelection
{
    /// <summary>
    /// Those that are ready; if none is, those that end but still serve. In order, each once. A pod with an address of each family is in
    /// a slice of each: it counts once, by the service's first family, unless only the other one leads anywhere.
    /// </summary>
    /// <param name="slices">The slices of the service.</param>
    /// <param name="port">The name of the service's port.</param>
    /// <param name="family">IPv4 or IPv6: the service's first family; empty: it has none.</param>
    public static IReadOnlyList<BackendAddress> Select(IEnumerable<EndpointSlice> slices, string port, string family)
    {
        // Best first.
        SortedSet<BackendAddress>[] choices = [[], [], [], []];
        const int ofOtherFamily = 1, ending = 2;
        foreach (var slice in slices)
        {
            var number = Array.Find(slice.Ports, p => p.Name == port && p.Protocol == "TCP")?.Port ?? 0;
            var choice = family.Length == 0 || slice.AddressType == family ? 0 : ofOtherFamily;
            foreach (var endpoint in number == 0 ? [] : slice.Endpoints)
            {
                if (endpoint.Addresses.Length == 0)
                {
                    continue;
                }

                // An endpoint's addresses are the same place. What nobody has said is true of ready and of serving.
                var address = new BackendAddress(endpoint.Addresses[0], number);
                if (endpoint.Conditions.Ready ?? true)
                {
                    choices[choice].Add(address);
                }
                else if (endpoint.Conditions is { Terminating: true, Serving: not false })
                {
                    choices[choice + ending].Add(address);
                }
            }
        }

        return [.. Array.Find(choices, c => c.Count > 0) ?? []];
    }

    /// <summary>The port of a service that a backend means, or null.</summary>
    public static ServicePort? FindPort(Service service, ServiceBackendPort wanted) => Array.Find(
        service.Spec.Ports,
        port => port.Protocol == "TCP" && (wanted.Name.Length > 0 ? port.Name == wanted.Name : port.Port == wanted.Number));

    /// <summary>What is spoken at a port, by the ingress's annotation or by the port itself.</summary>
    public static BackendProtocol ProtocolOf(string annotation, ServicePort port) =>
        annotation.Length > 0
            ? annotation.ToUpper(CultureInfo.InvariantCulture) switch
            {
                "GRPC" => BackendProtocol.Http2,
                "GRPCS" => BackendProtocol.Http2Tls,
                "HTTPS" => BackendProtocol.Https,
                _ => BackendProtocol.Http,
            }
            : port.AppProtocol switch
            {
                "kubernetes.io/h2c" or "h2c" or "grpc" => BackendProtocol.Http2,
                "grpcs" => BackendProtocol.Http2Tls,
                "kubernetes.io/wss" or "https" => BackendProtocol.Https,
                _ => BackendProtocol.Http,
            };
}
