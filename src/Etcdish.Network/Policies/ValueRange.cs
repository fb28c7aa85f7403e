using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Etcdish.Network.Policies;

/// <summary>Numbers from the first to the last, both included: addresses as numbers, or ports.</summary>
internal readonly record struct ValueRange(UInt128 First, UInt128 Last)
{
    /// <summary>The addresses of a block in CIDR notation; bits behind its prefix do not count. Null: it is none of this family.</summary>
    public static ValueRange? OfBlock(string cidr, AddressFamily family)
    {
        var slash = cidr.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(cidr.AsSpan(0, slash), out var address) || address.AddressFamily != family
            || !int.TryParse(cidr.AsSpan(slash + 1), out var length))
        {
            return null;
        }

        var bits = family == AddressFamily.InterNetwork ? 32 : 128;
        if (length < 0 || length > bits)
        {
            return null;
        }

        // A shift by all 128 bits would be one by none.
        var rest = length == bits ? UInt128.Zero : UInt128.MaxValue >> (128 - bits + length);
        var first = NumberOf(address) & ~rest;
        return new ValueRange(first, first | rest);
    }

    /// <summary>An address as a number.</summary>
    public static UInt128 NumberOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes())
        : BinaryPrimitives.ReadUInt128BigEndian(address.GetAddressBytes());

    /// <summary>What is left of this without another.</summary>
    public IEnumerable<ValueRange> Without(ValueRange other)
    {
        if (other.Last < First || other.First > Last)
        {
            return [this];
        }

        List<ValueRange> left = [];
        if (First < other.First)
        {
            left.Add(new ValueRange(First, other.First - 1));
        }

        if (other.Last < Last)
        {
            left.Add(new ValueRange(other.Last + 1, Last));
        }

        return left;
    }

    /// <summary>The same values in as few ranges as can be, in order.</summary>
    public static List<ValueRange> Merge(IEnumerable<ValueRange> ranges)
    {
        List<ValueRange> merged = [];
        foreach (var range in ranges.OrderBy(range => range.First))
        {
            if (merged.Count > 0 && (merged[^1].Last == UInt128.MaxValue || range.First <= merged[^1].Last + 1))
            {
                merged[^1] = merged[^1] with { Last = UInt128.Max(merged[^1].Last, range.Last) };
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }

    /// <summary>The range in nft's words, as addresses.</summary>
    public string ToAddresses(AddressFamily family) =>
        First == Last ? AddressOf(First, family).ToString() : $"{AddressOf(First, family)}-{AddressOf(Last, family)}";

    /// <summary>The range in nft's words, as numbers.</summary>
    public override string ToString() => First == Last ? $"{First}" : $"{First}-{Last}";

    private static IPAddress AddressOf(UInt128 number, AddressFamily family)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(family == AddressFamily.InterNetwork ? bytes[12..] : bytes);
    }
}
