using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>
/// Short strings that were read lately. What repeats in objects, such as labels, phases and names of nodes, is kept in memory once: a cache
/// of fifty thousand pods is mostly that. A string that hashes to the place of another takes it, so the pool never grows; nothing depends
/// on which one is found. For use by many threads.
/// </summary>
internal static class StringPool
{
    /// <summary>The longest that are pooled.</summary>
    public const int MaxLength = 80;

    private const int Places = 1 << 14;
    private static readonly string?[] _strings = new string?[Places];

    /// <summary>The string of a text in UTF-8.</summary>
    public static string Get(ReadOnlySpan<byte> text)
    {
        if (text.Length is 0 or > MaxLength)
        {
            return Encoding.UTF8.GetString(text);
        }

        ref var place = ref _strings[Hash(text) & (Places - 1)];
        var known = Volatile.Read(ref place);
        if (known is not null && known.Length == text.Length && Ascii.Equals(text, known))
        {
            return known;
        }

        var made = Encoding.UTF8.GetString(text);
        Volatile.Write(ref place, made);
        return made;
    }

    /// <summary>The string that a reader stands at, or name of a field; null is null.</summary>
    public static string? Read(ref Utf8JsonReader reader) =>
        reader.HasValueSequence || reader.ValueIsEscaped || reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName)
            ? reader.GetString()
            : Get(reader.ValueSpan);

    private static int Hash(ReadOnlySpan<byte> text)
    {
        var hash = (uint)text.Length;
        while (text.Length >= sizeof(uint))
        {
            hash = BitOperations.Crc32C(hash, BinaryPrimitives.ReadUInt32LittleEndian(text));
            text = text[sizeof(uint)..];
        }

        foreach (var rest in text)
        {
            hash = BitOperations.Crc32C(hash, rest);
        }

        return (int)hash;
    }
}

/// <summary>Reads strings, and keys of maps, through the pool.</summary>
internal sealed class PooledStringConverter : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        StringPool.Read(ref reader);

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        StringPool.Read(ref reader)!;

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value);
}
