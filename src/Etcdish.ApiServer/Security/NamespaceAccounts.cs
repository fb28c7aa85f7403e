using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Security;

/// <summary>
/// Gives every namespace what each has: the account <c>default</c>, and the authority's certificate for pods. Both are there before the
/// creation of the namespace is acknowledged, and come again when somebody deletes them.
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
        if (isNamespace && isDeleted)
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
            warn($"namespace {scope} may lack its default account: {e.Message}");
        }
    }

    private async Task EnsureAsync(string scope, CancellationToken cancellation)
    {
        var found = await store.GetAsync(_namespaces.KeyOf("", scope), cancellation);
        if (found is not { } item || ApiJson.Parse(item.Value.Span).IsBeingDeleted())
        {
            return;
        }

        try
        {
            await EnsureAccountAsync(scope, cancellation);
            if (authorityPem is not null)
            {
                await EnsureAuthorityAsync(scope, authorityPem, cancellation);
            }
        }
        catch (ApiException e) when (e.Code is 403 or 404 or 409)
        {
            // The namespace goes away just now, or somebody else was faster.
        }
    }

    private async Task EnsureAccountAsync(string scope, CancellationToken cancellation)
    {
        if (await store.GetAsync(_accounts.KeyOf(scope, AccountName), cancellation) is null)
        {
            var content = new JsonObject { ["metadata"] = new JsonObject { ["name"] = AccountName } };
            await writer.CreateAsync(new WriteRequest(_accounts, scope, AccountName), content, cancellation);
        }
    }

    private async Task EnsureAuthorityAsync(string scope, string pem, CancellationToken cancellation)
    {
        var write = new WriteRequest(_configMaps, scope, AuthorityName);
        var found = await store.GetAsync(_configMaps.KeyOf(scope, AuthorityName), cancellation);
        if (found is not { } item)
        {
            var metadata = new JsonObject
            {
                ["name"] = AuthorityName,
                ["annotations"] = new JsonObject
                {
                    ["kubernetes.io/description"] = "The certificate by which pods of this cluster recognise its API server.",
                },
            };
            await writer.CreateAsync(write, new JsonObject { ["metadata"] = metadata, ["data"] = Data(pem) }, cancellation);
        }
        else if (!JsonNode.DeepEquals(ApiJson.Parse(item.Value.Span)["data"], Data(pem)))
        {
            await writer.UpdateAsync(write, stored => WithData(stored ?? throw ApiErrors.NotFound(_configMaps.Info, AuthorityName), pem), cancellation);
        }
    }

    private static JsonObject Data(string pem) => new() { ["ca.crt"] = pem };

    private static JsonObject WithData(JsonObject stored, string pem)
    {
        stored["data"] = Data(pem);
        return stored;
    }
}
