using Etcdish.Client.Transport;

namespace Etcdish.Client.Calls;

/// <summary>One member's address, its connections, and how long to leave it alone after failures.</summary>
internal sealed class Endpoint(string address, ITransportChannel channel)
{
    public string Address { get; } = address;

    public ITransportChannel Channel { get; } = channel;

    /// <summary>Failures since the last success.</summary>
    public int FailuresInARow { get; set; }

    /// <summary>Timestamp (of the options' clock) before which other endpoints are preferred.</summary>
    public long NotBefore { get; set; }
}
