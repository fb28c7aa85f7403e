using Etcdish.Kubernetes.Objects;
using IngressObject = Etcdish.Kubernetes.Objects.Ingress;

namespace Etcdish.Network.Ingress;

/// <summary>What rules are made of.</summary>
internal interface IIngressSource
{
    /// <summary>The ingresses that are ours to serve, in any order.</summary>
    IEnumerable<IngressObject> Ingresses { get; }

    /// <summary>A service, or null.</summary>
    Service? FindService(string ns, string name);

    /// <summary>A secret with a certificate, or null.</summary>
    Secret? FindSecret(string ns, string name);

    /// <summary>Where a service leads.</summary>
    IEnumerable<EndpointSlice> SlicesOf(string ns, string service);
}

/// <summary>Something in an ingress that cannot be served.</summary>
/// <param name="Ingress">The ingress.</param>
/// <param name="Reason">What, in one word.</param>
/// <param name="Message">What, in a sentence.</param>
internal sealed record IngressProblem(IngressObject Ingress, string Reason, string Message);
