using System.Net;

namespace Etcdish.Network.Nftables;

/// <summary>A flow that the kernel follows, as far as a proxy asks.</summary>
/// <param name="Protocol">The number of its protocol.</param>
/// <param name="Destination">Where its first packet was sent.</param>
/// <param name="Answers">Who answers: somebody else, if the destination was translated.</param>
/// <param name="Identity">The kernel's own words for it, by which it is deleted.</param>
internal sealed record ConntrackEntry(byte Protocol, IPEndPoint Destination, IPEndPoint Answers, ReadOnlyMemory<byte> Identity)
{
    /// <summary>The number of UDP.</summary>
    public const byte Udp = 17;
}

/// <summary>The flows that the kernel follows.</summary>
internal interface IConntrack : IDisposable
{
    /// <summary>All flows of a family.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    IReadOnlyList<ConntrackEntry> List(NftFamily family);

    /// <summary>Forgets a flow, so that its next packet is a first one. One that is gone is no error.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    void Delete(NftFamily family, ConntrackEntry entry);
}
