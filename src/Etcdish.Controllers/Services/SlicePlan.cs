using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>Endpoints of one type of address with the same ports, as they should be.</summary>
internal sealed class SliceGroup(string addressType, EndpointPort[] ports)
{
    public string AddressType { get; } = addressType;

    public EndpointPort[] Ports { get; } = ports;

    public List<Endpoint> Endpoints { get; } = [];
}

/// <summary>A slice as it should be.</summary>
/// <param name="Existing">The slice that becomes this one; null: a new one.</param>
/// <param name="AddressType">The type of its addresses; that of an existing one never changes.</param>
/// <param name="Ports">Its ports.</param>
/// <param name="Endpoints">Its endpoints.</param>
internal sealed record SliceDraft(EndpointSlice? Existing, string AddressType, EndpointPort[] Ports, List<Endpoint> Endpoints);

/// <summary>What is to be written that slices say what they should.</summary>
internal sealed class SlicePlan
{
    public List<SliceDraft> Creations { get; } = [];

    public List<SliceDraft> Updates { get; } = [];

    public List<EndpointSlice> Deletions { get; } = [];

    public bool IsEmpty => Creations.Count + Updates.Count + Deletions.Count == 0;
}
