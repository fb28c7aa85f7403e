using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Etcdish.ApiServer.Allocation;

/// <summary>A range of addresses of services. The first address is the network's own and in IPv4 the last one is the broadcast's.</summary>
internal sealed class IpRange
{
    // Nobody has more services than this, so of a large range only its beginning is used.
    private const int MaxBits = 20;
    private const int MinBand = 16;
    private const int MaxBand = 256;

    private readonly BigInteger _base;

    /// <exception cref="ArgumentException">The text is no range.</exception>
    public IpRange(string text)
    {
        if (!IPNetwork.TryParse(text, out var network))
        {
            throw new ArgumentException($"\"{text}\" is no range of addresses, such as 10.96.0.0/16");
        }

        Network = network;
        _base = ToNumber(network.BaseAddress);
        var bits = Math.Min(MaxBits, (network.BaseAddress.GetAddressBytes().Length * 8) - network.PrefixLength);
        Count = (1 << bits) - (IsIPv6 || bits == MaxBits ? 1 : 2);
        if (Count < 2)
        {
            throw new ArgumentException($"the range {text} has no room for services");
        }
    }

    public IPNetwork Network { get; }

    public bool IsIPv6 => Network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;

    public string Family => IsIPv6 ? "IPv6" : "IPv4";

    /// <summary>How many addresses services may get: those at 1 to this.</summary>
    public int Count { get; }

    /// <summary>Addresses up to here are left to those who ask for a certain one, as long as there are others.</summary>
    public int StaticBand => Math.Min(Count / 2, Math.Min(Math.Max(MinBand, Count / MinBand), MaxBand));

    public IPAddress At(int offset)
    {
        var bytes = (_base + offset).ToByteArray(isUnsigned: true, isBigEndian: true);
        var address = new byte[IsIPv6 ? 16 : 4];
        bytes.CopyTo(address, address.Length - bytes.Length);
        return new IPAddress(address);
    }

    /// <summary>Whether a service may have an address.</summary>
    public bool Contains(IPAddress address)
    {
        if (!Network.Contains(address))
        {
            return false;
        }

        var offset = ToNumber(address) - _base;
        return offset >= 1 && (IsIPv6 || offset < (BigInteger.One << (32 - Network.PrefixLength)) - 1);
    }

    /// <inheritdoc/>
    public override string ToString() => Network.ToString();

    private static BigInteger ToNumber(IPAddress address) => new(address.GetAddressBytes(), isUnsigned: true, isBigEndian: true);
}
