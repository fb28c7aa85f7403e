using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Etcdish.Network.LoadBalancers;

/// <summary>Addresses of one family, from one to another, both included.</summary>
/// <param name="Family">Their family.</param>
/// <param name="First">The first one, as a number.</param>
/// <param name="Last">The last one, as a number.</param>
internal readonly record struct AddressRange(AddressFamily Family, UInt128 First, UInt128 Last)
{
    /// <summary>Reads a range: <c>192.0.2.0/28</c>, <c>192.0.2.10-192.0.2.20</c>, or a single address.</summary>
    /// <exception cref="FormatException">It is none of these; the message says which text.</exception>
    public static AddressRange Parse(string text)
    {
        if (IPNetwork.TryParse(text, out var network))
        {
            var (family, first) = NumberOf(network.BaseAddress);
            var hostBits = (family == AddressFamily.InterNetwork ? 32 : 128) - network.PrefixLength;
            return new AddressRange(family, first, hostBits == 128 ? UInt128.MaxValue : first + (UInt128.One << hostBits) - 1);
        }

        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var (from, to) = dash < 0 ? (text, text) : (text[..dash].Trim(), text[(dash + 1)..].Trim());
        if (IPAddress.TryParse(from, out var low) && IPAddress.TryParse(to, out var high) && low.AddressFamily == high.AddressFamily)
        {
            var (family, first) = NumberOf(low);
            var last = NumberOf(high).Number;
            if (first <= last)
            {
                return new AddressRange(family, first, last);
            }
        }

        throw new FormatException($"'{text}' is no range of addresses, such as 192.0.2.0/28 or 192.0.2.10-192.0.2.20");
    }

    /// <summary>An address as a number.</summary>
    public static (AddressFamily Family, UInt128 Number) NumberOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4
            ? (AddressFamily.InterNetwork, BinaryPrimitives.ReadUInt32BigEndian(bytes))
            : (AddressFamily.InterNetworkV6, BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    /// <summary>Whether an address is in it.</summary>
    public bool Contains(IPAddress address)
    {
        var (family, number) = NumberOf(address);
        return family == Family && number >= First && number <= Last;
    }

    /// <summary>The address of a number.</summary>
    public IPAddress AddressOf(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(Family == AddressFamily.InterNetwork ? bytes[12..] : bytes);
    }
}
