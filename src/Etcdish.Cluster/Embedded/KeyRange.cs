namespace Etcdish.Cluster;

/// <summary>A single key or an interval of keys in byte order, in etcd's convention for key and range_end.</summary>
public readonly record struct KeyRange
{
    private static readonly byte[] _zero = [0];

    private KeyRange(Bytes key, Bytes end)
    {
        Key = key;
        End = end;
    }

    /// <summary>First key.</summary>
    public Bytes Key { get; }

    /// <summary>Empty: the single key. One zero byte: from the key on. Otherwise the first key past the range.</summary>
    public Bytes End { get; }

    /// <summary>Every key.</summary>
    public static KeyRange All => new(_zero, _zero);

    /// <summary>One key.</summary>
    public static KeyRange Single(Bytes key) => new(key, default);

    /// <summary>All keys from this one on.</summary>
    public static KeyRange From(Bytes key) => new(key, _zero);

    /// <summary>Keys from <paramref name="first"/> up to, but not including, <paramref name="end"/>.</summary>
    public static KeyRange Between(Bytes first, Bytes end) => new(first, end);

    /// <summary>All keys that start with <paramref name="prefix"/>; an empty prefix is every key.</summary>
    public static KeyRange Prefix(Bytes prefix)
    {
        byte[] end = prefix.Span.ToArray();
        for (int i = end.Length - 1; i >= 0; i--)
        {
            if (end[i] < 0xff)
            {
                end[i]++;
                return new KeyRange(prefix, new Bytes(end.AsMemory(0, i + 1)));
            }
        }

        return prefix.Length == 0 ? All : From(prefix);
    }

    /// <summary>One key.</summary>
    public static implicit operator KeyRange(string key) => Single(key);

    /// <summary>One key.</summary>
    public static implicit operator KeyRange(Bytes key) => Single(key);

    /// <summary>One key; the method behind the conversions.</summary>
    public static KeyRange FromString(string key) => Single(key);

    /// <summary>One key; the method behind the conversions.</summary>
    public static KeyRange FromBytes(Bytes key) => Single(key);
}
