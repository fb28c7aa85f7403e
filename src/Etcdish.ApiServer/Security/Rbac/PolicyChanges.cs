using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>Changes of roles and bindings, gathered by scope, so that a batch of them costs each scope one change.</summary>
/// <param name="prefix">The prefix of all their keys.</param>
/// <param name="warn">Receives what could not be understood.</param>
internal sealed class PolicyChanges(string prefix, Action<string> warn)
{
    /// <summary>The changes of a scope by its name; that of the cluster is empty.</summary>
    public SortedDictionary<string, ScopeChanges> Scopes { get; } = new(StringComparer.Ordinal);

    /// <summary>Notes one change.</summary>
    /// <param name="key">The key, such as <c>PREFIXroles/default/reader</c>.</param>
    /// <param name="value">The object that stands there now; null for none.</param>
    public void Add(string key, ReadOnlyMemory<byte>? value)
    {
        var parts = key[prefix.Length..].Split('/');
        var (scope, name) = parts.Length == 3 ? (parts[1], parts[2]) : ("", parts[^1]);
        if (!Scopes.TryGetValue(scope, out var changes))
        {
            Scopes.Add(scope, changes = new ScopeChanges());
        }

        switch (parts[0])
        {
            case "roles" or "clusterroles":
                changes.Roles[name] = Read(key, value, Role.Read);
                break;
            case "rolebindings" or "clusterrolebindings":
                changes.Bindings[name] = Read(key, value, RoleBinding.Read);
                break;
        }
    }

    /// <summary>Reads an object. One that cannot be understood, which this program did not write, is as good as none: it allows nothing.</summary>
    private T? Read<T>(string key, ReadOnlyMemory<byte>? value, Func<JsonObject, T> read)
        where T : class
    {
        try
        {
            return value is { } bytes ? read(ApiJson.Parse(bytes.Span)) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            warn($"{key} is no role or binding and allows nothing: {e.Message}");
            return null;
        }
    }
}

/// <summary>The changes of one scope by name; null is a deletion.</summary>
internal sealed class ScopeChanges
{
    public Dictionary<string, Role?> Roles { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, RoleBinding?> Bindings { get; } = new(StringComparer.Ordinal);
}
