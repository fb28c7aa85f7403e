using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Kinds;
using Etcdish.ApiServer.Registry.Views;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>
/// The resources that are served: those that come with Kubernetes, and custom ones that come and go. Readers see one whole set or the next;
/// whoever keeps something made of a set compares <see cref="ResourceSet.Version"/>s.
/// </summary>
internal sealed class ResourceDirectory
{
    /// <summary>The subresources that somebody answers.</summary>
    private static readonly HashSet<string> _servedSubresources = new(StringComparer.Ordinal)
    {
        "status", "finalize", "scale", "binding", "eviction", "ephemeralcontainers", "resize", "approval", "token",
        "exec", "attach", "portforward", "log", "proxy",
    };

    // The server itself says which APIs there are.
    private static readonly string[] _readVerbs = ["get", "list", "watch"];

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    private readonly Progress _shown = new();
    private readonly ResourceType[] _builtIn;
    private volatile ResourceSet _current;

    public ResourceDirectory(SchemaCatalog catalog, string rootPrefix)
    {
        RootPrefix = rootPrefix;
        var types = new List<ResourceType>();
        foreach (var info in catalog.Resources.Where(IsServed).Select(WithServedSubresources))
        {
            types.Add(Make(info, types, catalog));
        }

        _builtIn = [.. types];
        _current = new ResourceSet(1, _builtIn, []);
    }

    /// <summary>Raised behind every change, by the thread that made it.</summary>
    public event Action<ResourceSet>? Changed;

    /// <summary>The prefix of all keys.</summary>
    public string RootPrefix { get; }

    /// <summary>What is served now.</summary>
    public ResourceSet Current => _current;

    /// <summary>What comes with Kubernetes.</summary>
    public IReadOnlyList<ResourceType> BuiltIn => _builtIn;

    /// <summary>All resources that are served now.</summary>
    public IReadOnlyList<ResourceType> All => _current.All;

    /// <summary>Finds a resource, or null.</summary>
    public ResourceType? Find(string group, string version, string name) => _current.Find(group, version, name);

    /// <summary>Finds a resource in another of its versions, by group and version; null if that is not served.</summary>
    public ResourceType? FindVersion(ResourceInfo resource, string apiVersion) =>
        Find(resource.Group, apiVersion[(apiVersion.IndexOf('/', StringComparison.Ordinal) + 1)..], resource.Name);

    /// <summary>Replaces all custom resources. Called by one thread at a time.</summary>
    /// <param name="served">Their served versions, those of one group together and the preferred version first.</param>
    /// <param name="unserved">Those that have no served version.</param>
    public void SetCustom(IReadOnlyList<ResourceType> served, IReadOnlyList<ResourceType> unserved)
    {
        var next = new ResourceSet(_current.Version + 1, [.. _builtIn, .. served], unserved);
        _current = next;
        Changed?.Invoke(next);
    }

    /// <summary>Notes that the directory shows all definitions up to a revision.</summary>
    public void Reach(long revision) => _shown.Reach(revision);

    /// <summary>The place of a resource in the store.</summary>
    public static string PrefixOf(string rootPrefix, string group, string name) =>
        $"{rootPrefix}{(group.Length == 0 ? "core" : group)}/{name}/";

    private ResourceType Make(ResourceInfo info, List<ResourceType> before, SchemaCatalog catalog)
    {
        if (SecondViews.StoredAs(info) is { } place)
        {
            var stored = before.Find(type => (type.Info.Group, type.Info.Version) == place && type.Info.Name == info.Name)!;
            var view = SecondViews.Make(info, stored.Info);
            return new ResourceType(info, view.Over(stored.Rules), stored.Storage, view) { Form = view };
        }

        // What is seen in two ways has owners of its fields in both.
        var second = catalog.Resources.FirstOrDefault(
            other => other.Name == info.Name && SecondViews.StoredAs(other) == (info.Group, info.Version));
        var versions = second is null ? null : SecondViews.Make(second, info);
        var rules = KindRules.Of(info);
        var isDefinition = info.Kind == "CustomResourceDefinition";
        var storage = new ResourceStorage(PrefixOf(RootPrefix, info.Group, info.Name));
        return new ResourceType(info, isDefinition ? rules with { Settle = SettleAsync } : rules, storage, versions);
    }

    /// <summary>Waits until a write of a definition shows; gives up after a while, for the write itself is done.</summary>
    private async Task SettleAsync(long revision, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_patience);
        try
        {
            await _shown.WaitAsync(revision, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The store's watch is slow; clients wait for the condition Established.
        }
    }

    private static bool IsServed(ResourceInfo info) => ResourceType.IsStoredResource(info) || UnstoredResources.Contains(info);

    private static ResourceInfo WithServedSubresources(ResourceInfo info) => info with
    {
        Verbs = info.Kind == "APIService" ? _readVerbs : info.Verbs,
        Subresources = info.Kind == "APIService" ? [] : [.. info.Subresources.Where(s => _servedSubresources.Contains(s.Name))],
    };
}
