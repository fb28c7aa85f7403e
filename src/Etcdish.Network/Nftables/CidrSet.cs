using System.Net;
using System.Net.Sockets;

namespace Etcdish.Network.Nftables;

/// <summary>Ranges of addresses as elements of an interval set, which takes none that overlap, nor a range of everything.</summary>
internal static class CidrSet
{
    /// <summary>Whether a text is a range of addresses.</summary>
    public static bool IsRange(string text) => TryParse(text, out _);

    /// <summary>The ranges of one family, none within another, in their order; what is no range is left out.</summary>
    public static IReadOnlyList<string> Reduce(IEnumerable<string> texts, NftFamily family)
    {
        List<IPNetwork> ranges = [];
        foreach (var text in texts)
        {
            if (TryParse(text, out var range) && range.BaseAddress.AddressFamily == family.Family)
            {
                ranges.Add(range);
            }
        }

        var outer = ranges.Where(range => !ranges.Exists(other =>
            other.PrefixLength < range.PrefixLength && other.Contains(range.BaseAddress))).Distinct().ToList();
        return outer.Exists(range => range.PrefixLength == 0)
            ? family.Family == AddressFamily.InterNetwork ? ["0.0.0.0/1", "128.0.0.0/1"] : ["::/1", "8000::/1"]
            : [.. outer.Select(range => range.ToString())];
    }

    // Users write addresses with bits behind the prefix, and mean the range that they are in.
    private static bool TryParse(string text, out IPNetwork range)
    {
        range = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0
            || !IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            || !int.TryParse(text.AsSpan(slash + 1), out var length))
        {
            return false;
        }

        var bytes = address.GetAddressBytes();
        if (length < 0 || length > bytes.Length * 8)
        {
            return false;
        }

        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> bit % 8);
        }

        range = new IPNetwork(new IPAddress(bytes), length);
        return true;
    }
}
