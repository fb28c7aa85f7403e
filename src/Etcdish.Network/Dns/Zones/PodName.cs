using System.Net;
using System.Text;

namespace Etcdish.Network.Dns.Zones;

/// <summary>
/// Names that say an address themselves: <c>a-b-c-d.namespace.pod.zone</c>, with hyphens for the points or colons. Answers come from the
/// name alone; whether a pod has the address is not looked up.
/// </summary>
internal static class PodName
{
    /// <summary>The label that says an address.</summary>
    public static string LabelOf(IPAddress address) => address.ToString().Replace('.', '-').Replace(':', '-');

    /// <summary>The address that a label says, if it is written as we would.</summary>
    public static IPAddress? Read(ReadOnlySpan<byte> label)
    {
        Span<byte> text = stackalloc byte[label.Length];
        var hyphens = label.Count((byte)'-');
        label.CopyTo(text);
        text.Replace((byte)'-', hyphens == 3 && label.IndexOfAnyExceptInRange((byte)'-', (byte)'9') < 0 && !HasRun(label)
            ? (byte)'.'
            : (byte)':');
        return hyphens > 0 && IPAddress.TryParse(text, out var address) && Ascii.Equals(label, LabelOf(address)) ? address : null;
    }

    private static bool HasRun(ReadOnlySpan<byte> label) => label.IndexOf("--"u8) >= 0;
}
