using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>
/// Keeps the rules of aggregated cluster roles what they gather from others. Several servers may do so on one store: they come to the same
/// rules, and equal bytes are not written.
/// </summary>
internal sealed class RoleGatherer : IAsyncDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    private readonly PolicyCache _policy;
    private readonly ObjectWriter _writer;
    private readonly ResourceType _clusterRoles;
    private readonly Action<string> _warn;
    private readonly SemaphoreSlim _changed = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;

    public RoleGatherer(PolicyCache policy, ObjectWriter writer, ResourceType clusterRoles, Action<string> warn)
    {
        (_policy, _writer, _clusterRoles, _warn) = (policy, writer, clusterRoles, warn);
        policy.ClusterRolesChanged += Wake;
        _running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        _policy.ClusterRolesChanged -= Wake;
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
        _changed.Dispose();
    }

    /// <summary>The rules that each aggregated role should have and has not.</summary>
    public static IEnumerable<(Role Role, PolicyRule[] Rules)> Due(IEnumerable<Role> roles)
    {
        var all = roles.ToArray();
        foreach (var role in all.Where(role => role.Gathers is not null))
        {
            var rules = role.Gather(all);
            if (rules.Length != role.Rules.Length || rules.Where((rule, i) => !rule.SameAs(role.Rules[i])).Any())
            {
                yield return (role, rules);
            }
        }
    }

    private void Wake()
    {
        if (_changed.CurrentCount == 0)
        {
            _changed.Release();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _changed.WaitAsync(_stopping.Token);
                if (!await TryGatherAsync())
                {
                    await Task.Delay(_pause, _stopping.Token);
                    Wake();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; the next start looks at all roles.
        }
    }

    private async Task<bool> TryGatherAsync()
    {
        try
        {
            foreach (var (role, rules) in Due(_policy.Cluster.Roles.Values))
            {
                await WriteAsync(role, rules);
            }

            return true;
        }
        catch (Exception e) when (e is ApiException or StoreUnavailableException)
        {
            _warn($"aggregated roles are not up to date yet: {e.Message}");
            return false;
        }
    }

    private async Task WriteAsync(Role role, PolicyRule[] rules)
    {
        var write = new WriteRequest(_clusterRoles, "", role.Name) { FieldManager = "clusterrole-aggregation-controller" };
        try
        {
            await _writer.UpdateAsync(write, stored => SetRules(stored, role, rules), _stopping.Token);
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // It is gone or changed meanwhile, of which we hear.
        }
    }

    private static JsonObject SetRules(JsonObject? stored, Role role, PolicyRule[] rules)
    {
        if (stored?["aggregationRule"] is null)
        {
            throw new ApiException(409, "Conflict", $"the cluster role {role.Name} does not gather rules any more");
        }

        stored["rules"] = PolicyRule.ToJson(rules);
        return stored;
    }
}
