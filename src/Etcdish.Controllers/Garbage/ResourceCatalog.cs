using System.Text.Json;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Controllers.Garbage;

/// <summary>The resources that an API serves, as it tells them itself (aggregated discovery, v2).</summary>
internal sealed class ResourceCatalog
{
    private const string MediaType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    private static readonly string[] _neededVerbs = ["delete", "list", "watch"];

    private readonly Dictionary<(string ApiVersion, string Kind), ApiResource> _byKind = [];
    private readonly List<ApiResource> _collected = [];

    /// <summary>What is watched: one version of each resource whose objects can be listed, watched and deleted, but not events.</summary>
    public IReadOnlyList<ApiResource> Collected => _collected;

    /// <summary>Asks the API.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public static async Task<ResourceCatalog> ReadAsync(KubernetesClient client, CancellationToken cancellation)
    {
        var result = new ResourceCatalog();
        foreach (var path in new[] { "/api", "/apis" })
        {
            using var answer = await client.OpenAsync(path, MediaType, cancellation);
            using var document = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellation));
            result.Add(document.RootElement);
        }

        return result;
    }

    /// <summary>The resource of a kind, or null.</summary>
    public ApiResource? Find(string apiVersion, string kind) => _byKind.GetValueOrDefault((apiVersion, kind));

    /// <summary>Adds the resources of an APIGroupDiscoveryList.</summary>
    internal void Add(JsonElement list)
    {
        foreach (var group in Items(list, "items"))
        {
            var name = group.TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty("name", out var text)
                ? text.GetString() ?? ""
                : "";
            HashSet<string> seen = [];
            foreach (var version in Items(group, "versions"))
            {
                foreach (var resource in Items(version, "resources"))
                {
                    Add(name, version.GetProperty("version").GetString()!, resource, seen);
                }
            }
        }
    }

    /// <summary>Adds a resource; versions come in the order of their preference.</summary>
    private void Add(string group, string version, JsonElement value, HashSet<string> seen)
    {
        if (!value.TryGetProperty("responseKind", out var response) || !response.TryGetProperty("kind", out var kind))
        {
            return;
        }

        var name = value.GetProperty("resource").GetString()!;
        var isNamespaced = value.TryGetProperty("scope", out var scope) && scope.ValueEquals("Namespaced");
        var resource = new ApiResource(group, version, name, kind.GetString()!, isNamespaced);
        _byKind.TryAdd((resource.ApiVersion, resource.Kind), resource);
        var verbs = Items(value, "verbs").Select(verb => verb.GetString()).ToHashSet();
        if (!_neededVerbs.All(verbs.Contains) || (name == "events" && group is "" or "events.k8s.io"))
        {
            return;
        }

        if (seen.Add(name))
        {
            _collected.Add(resource);
        }
    }

    private static JsonElement[] Items(JsonElement value, string name) =>
        value.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : [];
}
