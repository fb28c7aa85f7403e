namespace Etcdish.ApiServer.Registry;

/// <summary>The resources that are served at one time. Never changes; what comes or goes makes a new set.</summary>
internal sealed class ResourceSet
{
    private readonly Dictionary<(string Group, string Version, string Name), ResourceType> _byPath = [];
    private readonly HashSet<ResourceStorage> _storages;

    /// <param name="version">Counts the sets of a directory.</param>
    /// <param name="served">The resources in the order in which discovery names them.</param>
    /// <param name="unserved">Resources that have objects but no served version.</param>
    public ResourceSet(long version, IReadOnlyList<ResourceType> served, IReadOnlyList<ResourceType> unserved)
    {
        Version = version;
        All = served;
        Stores = [.. served.Where(type => type.IsStored).Concat(unserved).DistinctBy(type => type.Storage)];
        _storages = [.. Stores.Select(type => type.Storage)];
        foreach (var type in served)
        {
            _byPath.Add((type.Info.Group, type.Info.Version, type.Info.Name), type);
        }
    }

    public long Version { get; }

    /// <summary>All resources in all their versions.</summary>
    public IReadOnlyList<ResourceType> All { get; }

    /// <summary>One resource for each place in the store: visits every object once.</summary>
    public IReadOnlyList<ResourceType> Stores { get; }

    /// <summary>Finds a resource, or null.</summary>
    public ResourceType? Find(string group, string version, string name) => _byPath.GetValueOrDefault((group, version, name));

    public bool Contains(ResourceStorage storage) => _storages.Contains(storage);
}
