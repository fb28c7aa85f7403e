using Etcdish.ApiServer.Extensions;
using Etcdish.ApiServer.Storage;
using Etcdish.ApiServer.Subresources;
using Etcdish.ApiServer.Tables;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>A resource in one served version: its row of the table of kinds, its rules and its place in the store.</summary>
internal sealed class ResourceType
{
    private readonly Lazy<FieldManager> _fieldManager;

    /// <param name="info">Its row of the table of kinds.</param>
    /// <param name="rules">What differs from other kinds.</param>
    /// <param name="storage">Where its objects are.</param>
    /// <param name="versions">The versions of the kind, in which its fields' owners may be noted; null if it has but one.</param>
    public ResourceType(ResourceInfo info, ResourceRules rules, ResourceStorage storage, IObjectVersions? versions = null)
    {
        Info = info;
        Rules = rules;
        Storage = storage;
        ListKind = info.Kind + "List";
        _fieldManager = new(() => new FieldManager(versions ?? new SingleVersion(info.ApiVersion, info.Type)));
        Scale = info.Subresources.Any(s => s.Name == "scale") ? ScalePaths.BuiltIn : null;
    }

    public ResourceInfo Info { get; }

    public ResourceRules Rules { get; }

    /// <summary>Where objects are stored; the same for all versions of them.</summary>
    public ResourceStorage Storage { get; }

    /// <summary>How objects are written there; null if as they are served.</summary>
    public StoredForm? Form { get; init; }

    /// <summary>The version of a custom resource; null for what comes with Kubernetes.</summary>
    public CustomVersion? Custom { get; init; }

    /// <summary>Columns of tables, if not those of the table of kinds.</summary>
    public ITableColumns? Columns { get; init; }

    /// <summary>Where <c>scale</c> finds its numbers; null if the resource cannot be scaled.</summary>
    public ScalePaths? Scale { get; init; }

    /// <summary>What clients are warned of with every request; empty for nothing.</summary>
    public string Warning { get; init; } = "";

    /// <summary>The prefix of all its keys.</summary>
    public string Prefix => Storage.Prefix;

    /// <summary>Who owns which field of its objects.</summary>
    public FieldManager FieldManager => _fieldManager.Value;

    public string ListKind { get; init; }

    /// <summary>Whether its objects are in the store; if not, they are made by whoever answers.</summary>
    public bool IsStored => IsStoredResource(Info);

    public bool HasStatus => Info.Subresources.Any(s => s.Name == "status");

    /// <summary>Whether a resource is one of objects in the store: then they can be watched.</summary>
    public static bool IsStoredResource(ResourceInfo resource) => resource.Verbs.Contains("watch");

    /// <summary>The prefix of a namespace's objects, or of all if there is none.</summary>
    public string PrefixOf(string scope) => scope.Length == 0 ? Prefix : $"{Prefix}{scope}/";

    public string KeyOf(string scope, string name) => PrefixOf(scope) + name;

    /// <summary>Namespace and name of a key.</summary>
    public (string Namespace, string Name) Split(string key) => Storage.Split(key);

    public ReadOnlyMemory<byte> ToServed(ReadOnlyMemory<byte> stored) => Form?.ToServed(stored) ?? stored;

    public StoredObject ToServed(StoredObject stored) => Form is null ? stored : stored with { Value = Form.ToServed(stored.Value) };

    /// <summary>Whether stored bytes are as a write would leave them today.</summary>
    public bool IsInStoredForm(ReadOnlyMemory<byte> stored) => Form?.IsCurrent(stored) ?? true;

    public ReadOnlyMemory<byte> ToStored(ReadOnlyMemory<byte> served) => Form?.ToStored(served) ?? served;
}
