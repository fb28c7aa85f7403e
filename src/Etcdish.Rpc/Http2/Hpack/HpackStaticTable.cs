using System.Collections.Frozen;

namespace Etcdish.Rpc.Http2;

/// <summary>The fields every HTTP/2 connection knows from the start (RFC 7541, appendix A), under the numbers 1 to 61.</summary>
internal static class HpackStaticTable
{
    /// <summary>The highest number of a static field; those of the dynamic table come after it.</summary>
    public const int Count = 61;

    private static readonly HeaderField[] _fields =
    [
        new(":authority", ""),
        new(":method", "GET"), new(":method", "POST"),
        new(":path", "/"), new(":path", "/index.html"),
        new(":scheme", "http"), new(":scheme", "https"),
        new(":status", "200"), new(":status", "204"), new(":status", "206"), new(":status", "304"),
        new(":status", "400"), new(":status", "404"), new(":status", "500"),
        new("accept-charset", ""),
        new("accept-encoding", "gzip, deflate"),
        new("accept-language", ""),
        new("accept-ranges", ""),
        new("accept", ""),
        new("access-control-allow-origin", ""),
        new("age", ""),
        new("allow", ""),
        new("authorization", ""),
        new("cache-control", ""),
        new("content-disposition", ""),
        new("content-encoding", ""),
        new("content-language", ""),
        new("content-length", ""),
        new("content-location", ""),
        new("content-range", ""),
        new("content-type", ""),
        new("cookie", ""),
        new("date", ""),
        new("etag", ""),
        new("expect", ""),
        new("expires", ""),
        new("from", ""),
        new("host", ""),
        new("if-match", ""),
        new("if-modified-since", ""),
        new("if-none-match", ""),
        new("if-range", ""),
        new("if-unmodified-since", ""),
        new("last-modified", ""),
        new("link", ""),
        new("location", ""),
        new("max-forwards", ""),
        new("proxy-authenticate", ""),
        new("proxy-authorization", ""),
        new("range", ""),
        new("referer", ""),
        new("refresh", ""),
        new("retry-after", ""),
        new("server", ""),
        new("set-cookie", ""),
        new("strict-transport-security", ""),
        new("transfer-encoding", ""),
        new("user-agent", ""),
        new("vary", ""),
        new("via", ""),
        new("www-authenticate", ""),
    ];

    private static readonly FrozenDictionary<string, int> _firstIndexes = FirstIndexes();

    /// <summary>A field by its number, 1 to <see cref="Count"/>.</summary>
    public static HeaderField Get(int index) => _fields[index - 1];

    /// <summary>The number of a field; zero when the table has no such field.</summary>
    /// <param name="nameIndex">The first number of its name, as <see cref="FindName"/> gives it.</param>
    /// <param name="value">Its value, in the case of the table.</param>
    public static int FindValue(int nameIndex, string value)
    {
        string name = Get(nameIndex).Name;
        for (int index = nameIndex; index <= Count && ReferenceEquals(Get(index).Name, name); index++)
        {
            if (Get(index).Value == value)
            {
                return index;
            }
        }

        return 0;
    }

    /// <summary>The first number of a name in any case; zero when the table does not have it.</summary>
    public static int FindName(string name) => _firstIndexes.GetValueOrDefault(name);

    private static FrozenDictionary<string, int> FirstIndexes()
    {
        Dictionary<string, int> indexes = new(StringComparer.OrdinalIgnoreCase);
        for (int index = 1; index <= Count; index++)
        {
            indexes.TryAdd(Get(index).Name, index);
        }

        return indexes.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}
