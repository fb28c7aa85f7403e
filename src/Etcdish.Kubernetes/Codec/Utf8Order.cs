namespace Etcdish.Kubernetes;

/// <summary>The order of strings by their UTF-8 bytes, in which Go sorts.</summary>
internal static class Utf8Order
{
    public static int Compare(string? left, string? right)
    {
        var a = left.AsSpan();
        var b = right.AsSpan();
        var common = a.CommonPrefixLength(b);
        if (common == a.Length || common == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        return Rank(a[common]).CompareTo(Rank(b[common]));

        // Surrogates stand for characters above all that one unit can name.
        static int Rank(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;
    }
}
