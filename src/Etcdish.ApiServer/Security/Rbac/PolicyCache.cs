using System.Collections.Concurrent;
using System.Text;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>
/// All roles and bindings, kept up to date by one watch over the whole group. Readers take no lock. Whoever was told that a role is written
/// finds it in force.
/// </summary>
internal sealed class PolicyCache(IObjectStore store, string rootPrefix, Action<string> warn)
    : StoreFollower(store, $"{rootPrefix}{ApiGroup}/", "roles", warn)
{
    public const string ApiGroup = "rbac.authorization.k8s.io";

    private readonly ConcurrentDictionary<string, PolicyScope> _scopes = new(StringComparer.Ordinal);
    private readonly IObjectStore _store = store;
    private readonly string _prefix = $"{rootPrefix}{ApiGroup}/";
    private readonly Action<string> _warn = warn;
    private PolicyScope _cluster = PolicyScope.Empty;
    private bool _hasNewClusterRoles;

    /// <summary>Raised behind every change of cluster roles.</summary>
    public event Action? ClusterRolesChanged;

    /// <summary>What holds in the whole cluster.</summary>
    public PolicyScope Cluster => Volatile.Read(ref _cluster);

    /// <summary>What holds in a namespace beside that.</summary>
    public PolicyScope In(string scope) => scope.Length > 0 && _scopes.TryGetValue(scope, out var found) ? found : PolicyScope.Empty;

    protected override async Task<long> LoadAsync(CancellationToken cancellation)
    {
        var page = await _store.ListAsync(new StorePageRequest(_prefix), cancellation);
        var changes = new PolicyChanges(_prefix, _warn);
        foreach (var item in page.Objects)
        {
            changes.Add(Encoding.UTF8.GetString(item.Key.Span), item.Value);
        }

        foreach (var gone in _scopes.Keys.Where(scope => !changes.Scopes.ContainsKey(scope)).ToArray())
        {
            _scopes.TryRemove(gone, out _);
        }

        foreach (var (scope, change) in changes.Scopes)
        {
            Put(scope, PolicyScope.Empty.With(change.Roles, change.Bindings));
        }

        _hasNewClusterRoles = true;
        return page.Revision;
    }

    protected override void Apply(IReadOnlyList<StoreChange> changes)
    {
        var byScope = new PolicyChanges(_prefix, _warn);
        foreach (var item in changes)
        {
            byScope.Add(item.Key, item.Value);
        }

        foreach (var (scope, change) in byScope.Scopes)
        {
            Put(scope, (scope.Length == 0 ? Cluster : In(scope)).With(change.Roles, change.Bindings));
        }

        _hasNewClusterRoles = byScope.Scopes.TryGetValue("", out var cluster) && cluster.Roles.Count > 0;
    }

    protected override void Settled()
    {
        if (_hasNewClusterRoles)
        {
            _hasNewClusterRoles = false;
            ClusterRolesChanged?.Invoke();
        }
    }

    private void Put(string scope, PolicyScope content)
    {
        if (scope.Length == 0)
        {
            Volatile.Write(ref _cluster, content);
        }
        else if (content.IsEmpty)
        {
            _scopes.TryRemove(scope, out _);
        }
        else
        {
            _scopes[scope] = content;
        }
    }
}
