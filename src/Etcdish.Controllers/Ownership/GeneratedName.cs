using System.Security.Cryptography;

namespace Etcdish.Controllers.Ownership;

/// <summary>
/// Names as an API server generates them. A controller that makes them itself can repeat a request whose answer was lost, and will not
/// create a second object.
/// </summary>
internal static class GeneratedName
{
    private const int MaxPrefixLength = 58;
    private const int SuffixLength = 5;

    /// <summary>What suffixes are made of: no vowels, hence no words, and nothing that looks like something else.</summary>
    public const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>A new name that begins with <paramref name="prefix"/>, or what of it fits.</summary>
    public static string From(string prefix) => string.Concat(
        prefix.AsSpan(0, Math.Min(prefix.Length, MaxPrefixLength)), RandomNumberGenerator.GetString(Alphabet, SuffixLength));
}
