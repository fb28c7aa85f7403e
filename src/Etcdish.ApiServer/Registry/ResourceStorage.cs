namespace Etcdish.ApiServer.Registry;

/// <summary>The place of objects in the store. Several versions or views of a resource share one.</summary>
/// <param name="prefix">The prefix of all its keys, ending in "/".</param>
internal sealed class ResourceStorage(string prefix)
{
    /// <summary>The prefix of all its keys.</summary>
    public string Prefix { get; } = prefix;

    /// <summary>How long an object stays that nobody deletes; null for ever.</summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>Namespace and name of a key.</summary>
    public (string Namespace, string Name) Split(string key)
    {
        var rest = key[Prefix.Length..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? ("", rest) : (rest[..slash], rest[(slash + 1)..]);
    }
}
