using System.Text;
using System.Text.Json;

namespace Etcdish.Kubernetes.Informers;

/// <summary>One line of a watch, cut into its type and its object, which is not copied.</summary>
internal readonly ref struct WatchLine
{
    private WatchLine(ReadOnlySpan<byte> type, ReadOnlySpan<byte> value)
    {
        Type = type;
        Object = value;
    }

    /// <summary>ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</summary>
    public ReadOnlySpan<byte> Type { get; }

    /// <summary>The object, as JSON.</summary>
    public ReadOnlySpan<byte> Object { get; }

    /// <exception cref="JsonException">This is no event.</exception>
    public static WatchLine Cut(ReadOnlySpan<byte> line) => TryCut(line, out var cut) ? cut : Read(line);

    /// <summary>
    /// Cuts a line as all servers write it: a type, then an object that ends with the line. Whether what is cut out is one object is found
    /// out by whoever reads it, so that a line is gone through once.
    /// </summary>
    private static bool TryCut(ReadOnlySpan<byte> line, out WatchLine cut)
    {
        const int LongestType = 16;
        var beforeType = "{\"type\":\""u8;
        var beforeObject = "\",\"object\":"u8;
        cut = default;
        if (!line.StartsWith(beforeType) || !line.EndsWith("}}"u8))
        {
            return false;
        }

        var rest = line[beforeType.Length..];
        var end = rest[..Math.Min(rest.Length, LongestType)].IndexOfAny((byte)'"', (byte)'\\');
        if (end <= 0 || !rest[end..].StartsWith(beforeObject) || rest[end + beforeObject.Length] != '{')
        {
            return false;
        }

        cut = new WatchLine(rest[..end], rest[(end + beforeObject.Length)..^1]);
        return true;
    }

    private static WatchLine Read(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        ReadOnlySpan<byte> type = default, value = default;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isObject = !isType && reader.ValueTextEquals("object"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isType)
            {
                type = reader.ValueSpan;
            }
            else if (isObject)
            {
                value = line[start..(int)reader.BytesConsumed];
            }
        }

        return type.IsEmpty || value.IsEmpty
            ? throw new JsonException($"a line of a watch holds no event: {Encoding.UTF8.GetString(line[..Math.Min(line.Length, 200)])}")
            : new WatchLine(type, value);
    }
}
