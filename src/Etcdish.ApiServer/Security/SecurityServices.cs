using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security.Authentication;
using Etcdish.ApiServer.Security.Nodes;
using Etcdish.ApiServer.Security.Rbac;
using Etcdish.ApiServer.Security.Reviews;
using Etcdish.ApiServer.Security.Tokens;
using Etcdish.ApiServer.Storage;
using Etcdish.ApiServer.Subresources;

namespace Etcdish.ApiServer.Security;

/// <summary>Who is who and who may do what: the parts of this folder, put together for one server.</summary>
internal sealed class SecurityServices : IAsyncDisposable
{
    private readonly ApiServerOptions _options;
    private readonly ResourceDirectory _resources;
    private readonly SigningKey _key;
    private readonly PolicyCache _policy;
    private readonly NodeGraph _nodes;
    private RoleGatherer? _gatherer;

    /// <exception cref="IOException">The signing key or the file of tokens cannot be read.</exception>
    public SecurityServices(ApiServerOptions options, ResourceDirectory resources)
    {
        (_options, _resources) = (options, resources);
        Store = new ObservedObjectStore(options.Store);
        _policy = new PolicyCache(options.Store, options.StorePrefix, options.Warn);
        Store.Add(_policy);
        _nodes = new NodeGraph(options.Store, options.StorePrefix, options.Warn);
        Store.Add(_nodes);
        var roles = new RbacAuthorizer(_policy);
        Authorizer = new Authorizer(new NodeAuthorizer(_nodes, options.Store, resources), roles);
        _key = options.Certificates?.OpenSigningKey() ?? SigningKey.Make();
        var tokens = new AccountTokens(_key, options.ServiceAccountIssuer, options.Store, resources, options.Clock);
        var authenticator = new Authenticator(
            options.Certificates is { } certificates ? new CertificateUsers(certificates, options.Clock) : null,
            [.. FileTokens(options), new BootstrapTokens(options.Store, resources, options.Clock), tokens],
            options.ServiceAccountIssuer);
        Gate = new RequestGate(options.Certificates is null ? null : authenticator, new Impersonation(Authorizer), Authorizer);
        Reviews = new ReviewHandler(Authorizer, authenticator);
        Issuer = new IssuerDocuments(_key, options.ServiceAccountIssuer);
        TokenSubresource = new TokenSubresource(tokens, options.Store, resources);
        Plugins = [new CreationGuard(Authorizer), new RoleEscalationGuard(roles)];
    }

    /// <summary>The store, by which all writes of this server must go.</summary>
    public ObservedObjectStore Store { get; }

    public Authorizer Authorizer { get; }

    public RequestGate Gate { get; }

    public ReviewHandler Reviews { get; }

    public IssuerDocuments Issuer { get; }

    public ISubresource TokenSubresource { get; }

    /// <summary>What has a say in writes beside who may make them.</summary>
    public IReadOnlyList<IAdmissionPlugin> Plugins { get; }

    /// <summary>Writes what every cluster has, then learns all roles. The system's namespaces must be there.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    public async Task StartAsync(ObjectWriter writer, CancellationToken cancellation)
    {
        var bootstrap = new PolicyBootstrap(_options.Store, _resources, writer, _options.StorePrefix);
        var accounts = new NamespaceAccounts(writer, _options.Store, _resources, _options.Certificates?.AuthorityPem, _options.Warn);
        await Task.WhenAll(bootstrap.RunAsync(cancellation), accounts.RunAsync(cancellation));
        Store.Add(accounts);
        await _policy.StartAsync(cancellation);
        var clusterRoles = _resources.Find(PolicyCache.ApiGroup, "v1", "clusterroles")!;
        _gatherer = new RoleGatherer(_policy, writer, clusterRoles, _options.Warn);
    }

    public async ValueTask DisposeAsync()
    {
        // The cache wakes the gatherer, so that it ends first.
        await _policy.DisposeAsync();
        await _nodes.DisposeAsync();
        if (_gatherer is not null)
        {
            await _gatherer.DisposeAsync();
        }

        _key.Dispose();
    }

    private static IEnumerable<ITokenAuthenticator> FileTokens(ApiServerOptions options) =>
        options.TokenFile is { } path ? [TokenFile.Open(path)] : [];
}
