using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using Etcdish.Kubernetes.Objects;
using IngressObject = Etcdish.Kubernetes.Objects.Ingress;

namespace Etcdish.Network.Ingress;

/// <summary>Makes one table of all ingresses. Of two rules for the same place the older ingress's counts. For one table and one
/// thread.</summary>
/// <param name="source">The objects.</param>
/// <param name="poolOf">The endpoints of a port of a service, given their addresses if these are not a matter of slices.</param>
/// <param name="certificateOf">The certificate in a secret.</param>
internal sealed class TableCompiler(
    IIngressSource source,
    Func<BackendKey, BackendAddress?, BackendPool> poolOf,
    Func<Secret, SslServerAuthenticationOptions> certificateOf)
{
    private const string Annotations = "nginx.ingress.kubernetes.io/";
    private const int MaxTimeoutSeconds = 24 * 60 * 60;
    private readonly Dictionary<string, HostRoutes> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<IngressProblem> _problems = [];

    /// <summary>What could not be served.</summary>
    public IReadOnlyList<IngressProblem> Problems => _problems;

    /// <summary>Makes the table.</summary>
    /// <param name="own">The certificate of hosts that have none.</param>
    public RoutingTable Compile(SslServerAuthenticationOptions own)
    {
        var certificates = new CertificateTable(own);
        (IngressRoute Route, bool HasRules)? fallback = null;
        foreach (var ingress in source.Ingresses
            .OrderBy(i => i.Metadata.CreationTimestamp)
            .ThenBy(i => i.Metadata.Namespace, StringComparer.Ordinal)
            .ThenBy(i => i.Metadata.Name, StringComparer.Ordinal))
        {
            AddCertificates(ingress, certificates);
            AddRules(ingress);
            if (ingress.Spec.DefaultBackend is { } backend)
            {
                // One that has no rules is meant for all that is asked; one that has, for what it does not know itself.
                var hasRules = ingress.Spec.Rules.Length > 0;
                var route = new IngressRoute(FindPool(ingress, backend), RedirectsToTls: false, IdleTimeoutOf(ingress));
                fallback = fallback is null || (fallback.Value.HasRules && !hasRules) ? (route, hasRules) : fallback;
                foreach (var rule in ingress.Spec.Rules)
                {
                    HostOf(rule.Host).AddFallback(route with { RedirectsToTls = RedirectsToTls(ingress, rule.Host) });
                }
            }
        }

        return new RoutingTable(_hosts, fallback?.Route, certificates);
    }

    private static IEnumerable<string> TlsHosts(IngressObject ingress, IngressTls tls) =>
        tls.Hosts.Length > 0 ? tls.Hosts : ingress.Spec.Rules.Select(rule => rule.Host);

    private static bool RedirectsToTls(IngressObject ingress, string host)
    {
        var annotations = ingress.Metadata.Annotations;
        return annotations.GetValueOrDefault(Annotations + "force-ssl-redirect") == "true"
            || (annotations.GetValueOrDefault(Annotations + "ssl-redirect") != "false"
                && ingress.Spec.Tls.Any(tls => TlsHosts(ingress, tls).Contains(host, StringComparer.OrdinalIgnoreCase)));
    }

    /// <summary>The longer one of the times that an ingress gives each direction, in seconds; null: it gives none.</summary>
    private static TimeSpan? IdleTimeoutOf(IngressObject ingress)
    {
        var longest = Math.Max(Seconds("proxy-read-timeout"), Seconds("proxy-send-timeout"));
        return longest > 0 ? TimeSpan.FromSeconds(longest) : null;

        int Seconds(string annotation) => int.TryParse(
            ingress.Metadata.Annotations.GetValueOrDefault(Annotations + annotation),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var seconds)
            ? Math.Min(seconds, MaxTimeoutSeconds)
            : 0;
    }

    private void AddRules(IngressObject ingress)
    {
        var timeout = IdleTimeoutOf(ingress);
        foreach (var rule in ingress.Spec.Rules)
        {
            var host = HostOf(rule.Host);
            var redirects = RedirectsToTls(ingress, rule.Host);
            foreach (var path in rule.Http?.Paths ?? [])
            {
                host.Add(path.Path, path.PathType, new IngressRoute(FindPool(ingress, path.Backend), redirects, timeout));
            }

            // A rule without paths leads all of its host to the default.
            if (rule.Http is null && ingress.Spec.DefaultBackend is { } backend)
            {
                host.Add("/", "Prefix", new IngressRoute(FindPool(ingress, backend), redirects, timeout));
            }
        }
    }

    private void AddCertificates(IngressObject ingress, CertificateTable certificates)
    {
        foreach (var tls in ingress.Spec.Tls)
        {
            if (tls.SecretName.Length > 0 && FindCertificate(ingress, tls.SecretName) is { } certificate)
            {
                foreach (var host in TlsHosts(ingress, tls))
                {
                    certificates.Add(host, certificate);
                }
            }
        }
    }

    private SslServerAuthenticationOptions? FindCertificate(IngressObject ingress, string name)
    {
        if (source.FindSecret(ingress.Metadata.Namespace, name) is not { } secret)
        {
            Report(ingress, "MissingSecret", $"there is no secret {name} of type kubernetes.io/tls: the default certificate is shown");
            return null;
        }

        try
        {
            return certificateOf(secret);
        }
        catch (CryptographicException e)
        {
            Report(ingress, "InvalidSecret", $"secret {name} cannot be used, the default certificate is shown: {e.Message}");
            return null;
        }
    }

    private BackendPool? FindPool(IngressObject ingress, IngressBackend backend)
    {
        if (backend.Service is not { } wanted)
        {
            Report(ingress, "UnknownBackend", "a backend that is a resource cannot be served, only services can");
            return null;
        }

        if (source.FindService(ingress.Metadata.Namespace, wanted.Name) is not { } service)
        {
            Report(ingress, "MissingService", $"there is no service {wanted.Name}");
            return null;
        }

        var isExternal = service.Spec.Type == "ExternalName";
        var port = EndpointSelection.FindPort(service, wanted.Port);
        if (port is null && !(isExternal && wanted.Port.Number > 0))
        {
            var name = wanted.Port.Name.Length > 0 ? wanted.Port.Name : $"{wanted.Port.Number}";
            Report(ingress, "MissingPort", $"service {wanted.Name} has no port {name}");
            return null;
        }

        port ??= new ServicePort { Port = wanted.Port.Number };
        var protocol = EndpointSelection.ProtocolOf(
            ingress.Metadata.Annotations.GetValueOrDefault(Annotations + "backend-protocol", ""), port);
        return isExternal
            ? poolOf(
                new BackendKey(ingress.Metadata.Namespace, wanted.Name, $"{port.Port}", protocol),
                new BackendAddress(service.Spec.ExternalName, port.Port))
            : poolOf(new BackendKey(ingress.Metadata.Namespace, wanted.Name, port.Name, protocol), null);
    }

    private HostRoutes HostOf(string host)
    {
        if (!_hosts.TryGetValue(host, out var routes))
        {
            _hosts[host] = routes = new HostRoutes();
        }

        return routes;
    }

    private void Report(IngressObject ingress, string reason, string message) =>
        _problems.Add(new IngressProblem(ingress, reason, message));
}
