using Google.Protobuf;

namespace Etcdish.Client;

/// <summary>Which keys a request is about, as the API writes it: a key and a range end, compared byte by byte.</summary>
/// <param name="Key">First key.</param>
/// <param name="End">Empty = only <paramref name="Key"/>; one zero byte = every key from it on; else the first key no longer meant.</param>
public readonly record struct KeyRange(ByteString Key, ByteString End)
{
    private static readonly ByteString _zeroByte = ByteString.CopyFrom(0);

    /// <summary>Every key.</summary>
    public static KeyRange All { get; } = new(_zeroByte, _zeroByte);

    /// <summary>One key.</summary>
    public static KeyRange One(ByteString key) => new(key, ByteString.Empty);

    /// <summary>One key, as UTF-8.</summary>
    public static KeyRange One(string key) => One(ByteString.CopyFromUtf8(key));

    /// <summary>Every key that is not less than this one.</summary>
    public static KeyRange From(ByteString key) => new(key, _zeroByte);

    /// <summary>The keys from <paramref name="key"/> up to but not including <paramref name="end"/>.</summary>
    public static KeyRange Between(ByteString key, ByteString end) => new(key, end);

    /// <summary>The keys that start so; an empty prefix means every key.</summary>
    public static KeyRange Prefix(string prefix) => Prefix(ByteString.CopyFromUtf8(prefix));

    /// <summary>The keys that start so; an empty prefix means every key.</summary>
    public static KeyRange Prefix(ByteString prefix)
    {
        if (prefix.IsEmpty)
        {
            return All;
        }

        // The first key after all that start with the prefix: its last byte that can be raised, raised, and the rest cut.
        int last = prefix.Length - 1;
        while (last >= 0 && prefix[last] == 0xff)
        {
            last--;
        }

        if (last < 0)
        {
            return From(prefix);
        }

        byte[] end = prefix.Span[..(last + 1)].ToArray();
        end[last]++;
        return new(prefix, UnsafeByteOperations.UnsafeWrap(end));
    }
}
