using System.Net.Security;
using System.Security.Cryptography;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Ingress;

/// <summary>
/// Keeps the table by which requests are served, and the endpoints behind it. <see cref="Compile"/> and <see cref="UpdateEndpoints"/> are
/// for one thread; the table is read by any.
/// </summary>
internal sealed class IngressRouter
{
    private readonly IIngressSource _source;
    private readonly IngressOptions _options;
    private readonly TimeProvider _clock;
    private readonly SslServerAuthenticationOptions _ownCertificate;
    private readonly Dictionary<BackendKey, Tracked> _pools = [];
    private readonly Dictionary<ObjectKey, (string Revision, SslServerAuthenticationOptions Certificate)> _certificates = [];
    private volatile RoutingTable _table;
    private long _round;

    public IngressRouter(IIngressSource source, IngressOptions options, TimeProvider clock)
    {
        _source = source;
        _options = options;
        _clock = clock;
        _ownCertificate = TlsCertificates.MakeOwn(clock);
        _table = new RoutingTable([], null, new CertificateTable(_ownCertificate));
    }

    /// <summary>The table.</summary>
    public RoutingTable Table => _table;

    /// <summary>Makes the table anew. What cannot be served.</summary>
    public IReadOnlyList<IngressProblem> Compile()
    {
        _round++;
        var compiler = new TableCompiler(_source, PoolOf, CertificateOf);
        _table = compiler.Compile(_ownCertificate);

        // Behind the change of tables: whoever meets a pool that has left finds the new table.
        foreach (var (key, tracked) in _pools.Where(p => p.Value.Round != _round).ToArray())
        {
            _pools.Remove(key);
            tracked.Pool.Leave();
        }

        return compiler.Problems;
    }

    /// <summary>Takes the endpoints that a service has now.</summary>
    public void UpdateEndpoints(string ns, string service)
    {
        foreach (var (key, tracked) in _pools)
        {
            if (key.Service == service && key.Namespace == ns)
            {
                Update(key, tracked);
            }
        }
    }

    private void Update(BackendKey key, Tracked tracked) => tracked.Pool.Update(
        tracked.External is { } address ? [address] : EndpointSelection.Select(
            _source.SlicesOf(key.Namespace, key.Service),
            key.Port,
            _source.FindService(key.Namespace, key.Service)?.Spec.IpFamilies is [var family, ..] ? family : ""));

    private BackendPool PoolOf(BackendKey key, BackendAddress? external)
    {
        if (!_pools.TryGetValue(key, out var tracked))
        {
            tracked = new Tracked(new BackendPool(address => new Backend(address, key.Protocol, _options, _clock)));
            _pools.Add(key, tracked);
        }

        if (tracked.Round != _round)
        {
            tracked.Round = _round;
            tracked.External = external;
            Update(key, tracked);
        }

        return tracked.Pool;
    }

    /// <summary>Reads a secret once.</summary>
    /// <exception cref="CryptographicException">It cannot be used.</exception>
    private SslServerAuthenticationOptions CertificateOf(Secret secret)
    {
        if (_certificates.TryGetValue(secret.Key, out var known) && known.Revision == secret.Metadata.ResourceVersion)
        {
            return known.Certificate;
        }

        var certificate = TlsCertificates.Read(secret);
        _certificates[secret.Key] = (secret.Metadata.ResourceVersion, certificate);
        return certificate;
    }

    private sealed class Tracked(BackendPool pool)
    {
        public BackendPool Pool { get; } = pool;

        /// <summary>The last table that uses it.</summary>
        public long Round { get; set; }

        /// <summary>The one place where it leads if that is not a matter of slices.</summary>
        public BackendAddress? External { get; set; }
    }
}
