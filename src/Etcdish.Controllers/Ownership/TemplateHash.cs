using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Etcdish.Controllers.Ownership;

/// <summary>
/// Short names for what objects are made of: FNV-32a over a canonical form, written in letters that make no words. A hash is only a name:
/// whoever looks for an object of a template compares templates.
/// </summary>
internal static class TemplateHash
{
    private const uint FnvOffset = 2166136261;
    private const uint FnvPrime = 16777619;

    /// <summary>The hash of a pod template.</summary>
    /// <param name="template">The template.</param>
    /// <param name="collisionCount">How often the name was found taken by another; null: never.</param>
    public static string Of(JsonObject template, int? collisionCount) => Of(CanonicalTemplate.Of(template, null), collisionCount);

    /// <summary>The hash of any bytes.</summary>
    /// <param name="bytes">What is named.</param>
    /// <param name="collisionCount">How often the name was found taken by another; null: never.</param>
    public static string Of(ReadOnlySpan<byte> bytes, int? collisionCount)
    {
        var hash = Fnv32a(FnvOffset, bytes);
        if (collisionCount is { } count)
        {
            Span<byte> suffix = stackalloc byte[8];
            suffix.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(suffix, (uint)count);
            hash = Fnv32a(hash, suffix);
        }

        return SafeEncode(hash.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>FNV-1a of 32 bits.</summary>
    internal static uint Fnv32a(ReadOnlySpan<byte> bytes) => Fnv32a(FnvOffset, bytes);

    /// <summary>A text in letters and digits that make no words.</summary>
    internal static string SafeEncode(string text) => string.Create(text.Length, text, (output, source) =>
    {
        for (var i = 0; i < output.Length; i++)
        {
            output[i] = GeneratedName.Alphabet[source[i] % GeneratedName.Alphabet.Length];
        }
    });

    private static uint Fnv32a(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            hash = unchecked((hash ^ b) * FnvPrime);
        }

        return hash;
    }
}
