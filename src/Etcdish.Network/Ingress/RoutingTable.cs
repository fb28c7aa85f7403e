namespace Etcdish.Network.Ingress;

/// <summary>Where a request leads.</summary>
/// <param name="Pool">Its endpoints; null: the service or its port is not there.</param>
/// <param name="RedirectsToTls">Whether a request without TLS is sent to the same place with it.</param>
/// <param name="IdleTimeout">How long nothing may move in a request; null: as long as everywhere.</param>
internal sealed record IngressRoute(BackendPool? Pool, bool RedirectsToTls, TimeSpan? IdleTimeout = null);

/// <summary>
/// All rules, as requests look for them. Immutable: a change is another table. A host's own rules come before those of its wildcard, and
/// these before those of all hosts; a host's request is looked for among the rules of one of the three only.
/// </summary>
internal sealed class RoutingTable
{
    private readonly Dictionary<string, HostRoutes> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, HostRoutes>.AlternateLookup<ReadOnlySpan<char>> _byHost;

    /// <summary>Makes a table.</summary>
    /// <param name="hosts">Rules by host; those of all hosts have the key <c>""</c>.</param>
    /// <param name="fallback">Where requests lead that no rule takes; null: nowhere.</param>
    /// <param name="certificates">The certificates of hosts.</param>
    public RoutingTable(IEnumerable<KeyValuePair<string, HostRoutes>> hosts, IngressRoute? fallback, CertificateTable certificates)
    {
        foreach (var (host, routes) in hosts)
        {
            _hosts.Add(host, routes);
        }

        _byHost = _hosts.GetAlternateLookup<ReadOnlySpan<char>>();
        Fallback = fallback;
        Certificates = certificates;
    }

    /// <summary>Where requests lead that no rule takes.</summary>
    public IngressRoute? Fallback { get; }

    /// <summary>The certificates of hosts.</summary>
    public CertificateTable Certificates { get; }

    /// <summary>Where a request leads; null: nowhere.</summary>
    /// <param name="host">The host that it asks for, without a port.</param>
    /// <param name="path">Its path, decoded and without dots.</param>
    public IngressRoute? Match(ReadOnlySpan<char> host, ReadOnlySpan<char> path)
    {
        host = HostNames.WithoutDot(host);
        if (!_byHost.TryGetValue(host, out var routes) && !TryMatchWildcard(host, out routes) && !_hosts.TryGetValue("", out routes))
        {
            return Fallback;
        }

        return routes!.Match(path) ?? routes.Fallback ?? Fallback;
    }

    private bool TryMatchWildcard(ReadOnlySpan<char> host, out HostRoutes? routes)
    {
        Span<char> pattern = stackalloc char[HostNames.MaxLength];
        var name = HostNames.ToWildcard(host, pattern);
        routes = null;
        return !name.IsEmpty && _byHost.TryGetValue(name, out routes);
    }
}
