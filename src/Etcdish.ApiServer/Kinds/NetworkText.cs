using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Addresses and networks in text.</summary>
internal static class NetworkText
{
    private const string BadAddress = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    private const string BadNetwork = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

    /// <summary>Reads an address: four decimal parts, or the notation of IPv6 without a zone.</summary>
    public static bool TryParseAddress(string text, out IPAddress address)
    {
        address = IPAddress.None;
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal)
                && IPAddress.TryParse(text, out address!) && address.AddressFamily == AddressFamily.InterNetworkV6;
        }

        Span<byte> parts = stackalloc byte[4];
        var count = 0;
        foreach (var range in text.AsSpan().Split('.'))
        {
            var part = text.AsSpan()[range];
            if (count == 4 || part.Length is 0 || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out parts[count]))
            {
                return false;
            }

            count++;
        }

        address = count == 4 ? new IPAddress(parts) : address;
        return count == 4;
    }

    /// <summary>Reads a network; the address may have bits behind the prefix.</summary>
    public static bool TryParseNetwork(string text, out IPAddress address, out int prefix)
    {
        prefix = 0;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !TryParseAddress(text[..slash], out address))
        {
            address = IPAddress.None;
            return false;
        }

        var most = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        return int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix) && prefix <= most;
    }

    /// <summary>Whether a network has an address in it.</summary>
    public static bool Contains(IPAddress network, int prefix, IPAddress address)
    {
        if (network.AddressFamily != address.AddressFamily)
        {
            return false;
        }

        var left = network.GetAddressBytes();
        var right = address.GetAddressBytes();
        for (var bit = 0; bit < prefix; bit++)
        {
            var mask = 0x80 >> (bit % 8);
            if ((left[bit / 8] & mask) != (right[bit / 8] & mask))
            {
                return false;
            }
        }

        return true;
    }

    public static bool IsV6(string text) => TryParseAddress(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>Whether the field holds an address; says so if not.</summary>
    public static bool Address(this CheckedField field)
    {
        if (TryParseAddress(field.Text, out _))
        {
            return true;
        }

        field.Invalid(BadAddress, field.Text);
        return false;
    }

    /// <summary>Whether the field holds a network; says so if not.</summary>
    public static bool Network(this CheckedField field)
    {
        if (TryParseNetwork(field.Text.Trim(), out _, out _))
        {
            return true;
        }

        field.Invalid(BadNetwork, field.Text.Trim());
        return false;
    }

    /// <summary>An address by which something can be reached from elsewhere.</summary>
    public static void ReachableAddress(this CheckedField field)
    {
        if (!TryParseAddress(field.Text, out var address))
        {
            return;
        }

        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            field.Invalid($"may not be unspecified ({field.Text})", field.Text);
        }

        if (IPAddress.IsLoopback(address))
        {
            field.Invalid("may not be in the loopback range (127.0.0.0/8, ::1/128)", field.Text);
        }

        if (address.IsIPv6LinkLocal || Contains(IPAddress.Parse("169.254.0.0"), 16, address))
        {
            field.Invalid("may not be in the link-local range (169.254.0.0/16, fe80::/10)", field.Text);
        }

        if (Contains(IPAddress.Parse("224.0.0.0"), 24, address) || Contains(IPAddress.Parse("ff02::"), 16, address))
        {
            field.Invalid("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)", field.Text);
        }
    }
}
