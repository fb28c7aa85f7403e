using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Security;

/// <summary>
/// Gives every namespace what each has: the account <c>default</c>, and the authority's certificate for pods. Both are there before the
/// creation of the namespace is acknowledged, and come again when they are deleted.
/// </summary>
/// <param name="writer">Writes them.</param>
/// <param name="store">Where they may be already.</param>
/// <param name="resources">The resources.</param>
/// <param name="authorityPem">The authority's certificate; null without TLS.</param>
/// <param name="warn">Receives what went wrong.</param>
internal sealed class NamespaceAccounts(
    ObjectWriter writer, IObjectStore store, ResourceDirectory resources, string? authorityPem, Action<string> warn) : IWriteObserver
{
    private const string AccountName = "default";
    private const string AuthorityName = "kube-root-ca.crt";
    private const string AccountEnd = $"/{AccountName}";
    private const string AuthorityEnd = $"/{AuthorityName}";
    private const int MaxParallel = 16;

    private readonly ResourceType _namespaces = resources.Find("", "v1", "namespaces")!;
    private readonly ResourceType _accounts = resources.Find("", "v1", "serviceaccounts")!;
    private readonly ResourceType _configMaps = resources.Find("", "v1", "configmaps")!;

    /// <summary>Looks at all namespaces: one may have been created just before a crash, or before there was this program.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var page = await store.ListAsync(new StorePageRequest(_namespaces.Prefix), cancellation);
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallel, CancellationToken = cancellation };
        await Parallel.ForEachAsync(page.Objects, options, async (item, token) =>
            await EnsureAsync(_namespaces.Split(Encoding.UTF8.GetString(item.Key.Span)).Name, token));
    }

    public bool Observes(string key) =>
        key.StartsWith(_namespaces.Prefix, StringComparison.Ordinal)
        || (key.EndsWith(AccountEnd, StringComparison.Ordinal) && key.StartsWith(_accounts.Prefix, StringComparison.Ordinal))
        || (key.EndsWith(AuthorityEnd, StringComparison.Ordinal) && key.StartsWith(_configMaps.Prefix, StringComparison.Ordinal));

    public async ValueTask WrittenAsync(string key, long revision, bool isDeleted, CancellationToken cancellation)
    {
        var isNamespace = key.StartsWith(_namespaces.Prefix, StringComparison.Ordinal);
        if (isNamespace == isDeleted)
        {
            return;
        }

        var scope = isNamespace ? _namespaces.Split(key).Name : key.Split('/')[^2];
        try
        {
            await EnsureAsync(scope, cancellation);
        }
        catch (StoreUnavailableException e)
        {
            // What was asked for has happened; the next start looks again.
            warn($"namespace {scope} has no default account yet: {e.Message}");
        }
    }

    private async Task EnsureAsync(string scope, CancellationToken cancellation)
    {
        await EnsureAsync(_accounts, scope, AccountName, [], cancellation);
        if (authorityPem is not null)
        {
            var content = new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["annotations"] = new JsonObject
                    {
                        ["kubernetes.io/description"] = "The certificate by which pods of this cluster recognise its API server.",
                    },
                },
                ["data"] = new JsonObject { ["ca.crt"] = authorityPem },
            };
            await EnsureAsync(_configMaps, scope, AuthorityName, content, cancellation);
        }
    }

    private async Task EnsureAsync(ResourceType type, string scope, string name, JsonObject content, CancellationToken cancellation)
    {
        if (await store.GetAsync(type.KeyOf(scope, name), cancellation) is not null)
        {
            return;
        }

        content.Metadata()["name"] = name;
        try
        {
            await writer.CreateAsync(new WriteRequest(type, scope, name), content, cancellation);
        }
        catch (ApiException e) when (e.Code is 403 or 404 or 409)
        {
            // The namespace is going away or gone, or somebody else was faster.
        }
    }
}
