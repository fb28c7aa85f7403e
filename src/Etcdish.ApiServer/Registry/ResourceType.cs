using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>A served resource: its row of the table of kinds, its rules and its place in the store.</summary>
internal sealed class ResourceType
{
    private readonly Lazy<FieldManager> _fieldManager;
    private readonly Lazy<IReadOnlyList<string>> _allButStatus;

    /// <param name="info">Its row of the table of kinds.</param>
    /// <param name="rules">What differs from other kinds.</param>
    /// <param name="rootPrefix">Where the store has all resources.</param>
    /// <param name="versions">The versions of the kind, in which its fields' owners may be noted; null if it has but one.</param>
    public ResourceType(ResourceInfo info, ResourceRules rules, string rootPrefix, IObjectVersions? versions = null)
    {
        Info = info;
        Rules = rules;
        _fieldManager = new(() => new FieldManager(versions ?? new SingleVersion(info.ApiVersion, info.Type)));
        _allButStatus = new(() => [.. info.Type.JsonFields.Select(f => f.Name).Where(f => f is not ("status" or "kind" or "apiVersion"))]);
        Prefix = $"{rootPrefix}{(info.Group.Length == 0 ? "core" : info.Group)}/{info.Name}/";
    }

    public ResourceInfo Info { get; }

    public ResourceRules Rules { get; }

    /// <summary>The prefix of all its keys.</summary>
    public string Prefix { get; }

    /// <summary>Who owns which field of its objects.</summary>
    public FieldManager FieldManager => _fieldManager.Value;

    /// <summary>The fields of its objects that a write of the status leaves alone.</summary>
    public IReadOnlyList<string> AllButStatus => _allButStatus.Value;

    public string ListKind => Info.Kind + "List";

    public bool HasStatus => Info.Subresources.Any(s => s.Name == "status");

    /// <summary>The prefix of a namespace's objects, or of all if there is none.</summary>
    public string PrefixOf(string scope) => scope.Length == 0 ? Prefix : $"{Prefix}{scope}/";

    public string KeyOf(string scope, string name) => PrefixOf(scope) + name;

    /// <summary>Namespace and name of a key.</summary>
    public (string Namespace, string Name) Split(string key)
    {
        var rest = key[Prefix.Length..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? ("", rest) : (rest[..slash], rest[(slash + 1)..]);
    }
}
