namespace Etcdish.Checkers;

/// <summary>
/// etcd's range convention: no end means one key, the end "\0" means all keys from the start on, else [start, end). Keys in
/// histories are ASCII, so that ordinal string order is byte order.
/// </summary>
public readonly record struct KeyRange(string Start, string? End = null)
{
    public const string Unbounded = "\0";

    public bool IsSingleKey => string.IsNullOrEmpty(End);

    public static KeyRange Everything { get; } = new(Unbounded, Unbounded);

    public static KeyRange Prefix(string prefix) => new(prefix, prefix[..^1] + (char)(prefix[^1] + 1));

    public bool Contains(string key)
    {
        if (IsSingleKey)
            return string.Equals(key, Start, StringComparison.Ordinal);
        return string.CompareOrdinal(key, Start) >= 0 && (End == Unbounded || string.CompareOrdinal(key, End) < 0);
    }

    public override string ToString()
    {
        if (IsSingleKey)
            return Start;
        return Start == Unbounded && End == Unbounded ? "[everything]" : $"[{Start}, {(End == Unbounded ? "∞" : End)})";
    }
}
