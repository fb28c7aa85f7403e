namespace Etcdish.Network.Ingress;

/// <summary>
/// The paths of a host. A path is looked for as it is first, then as the elements it begins with, the most first: so the longest rule wins,
/// and an exact one before a prefix of the same length. Filled before it is shared, then never changed.
/// </summary>
internal sealed class HostRoutes
{
    private readonly Dictionary<string, IngressRoute> _exact = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IngressRoute> _prefixes = new(StringComparer.Ordinal);

    /// <summary>Where requests of the host lead whose path no rule takes.</summary>
    public IngressRoute? Fallback { get; private set; }

    /// <summary>Adds a rule, unless there is one for the same path already.</summary>
    public void Add(string path, string pathType, IngressRoute route)
    {
        if (pathType == "Exact")
        {
            _exact.TryAdd(path, route);
        }
        else
        {
            // "/a/" and "/a" have the same elements; "/" has none.
            _prefixes.TryAdd(path.TrimEnd('/'), route);
        }
    }

    /// <summary>Sets where requests lead whose path no rule takes, unless that is known already.</summary>
    public void AddFallback(IngressRoute route) => Fallback ??= route;

    /// <summary>Where a path leads; null: no rule takes it.</summary>
    public IngressRoute? Match(ReadOnlySpan<char> path)
    {
        if (_exact.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(path, out var route))
        {
            return route;
        }

        var prefixes = _prefixes.GetAlternateLookup<ReadOnlySpan<char>>();
        while (true)
        {
            if (prefixes.TryGetValue(path, out route))
            {
                return route;
            }

            var slash = path.LastIndexOf('/');
            if (slash < 0)
            {
                return null;
            }

            path = path[..slash];
        }
    }
}
