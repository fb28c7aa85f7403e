using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Controllers.Policy;

/// <summary>How many pods something is to have, whatever it is (autoscaling/v1 Scale).</summary>
/// <param name="Resource">The resource that is scaled.</param>
/// <param name="Json">The scale, as it was read.</param>
internal sealed record Scale(ApiResource Resource, JsonObject Json)
{
    /// <summary>The uid of what is scaled.</summary>
    public string Uid => Json["metadata"]?["uid"]?.GetValue<string>() ?? "";

    /// <summary>How many pods are wanted.</summary>
    public int Replicas => Json["spec"]?["replicas"]?.GetValue<int>() ?? 0;

    /// <summary>How many pods there are.</summary>
    public int ActualReplicas => Json["status"]?["replicas"]?.GetValue<int>() ?? 0;

    /// <summary>Which pods; empty if it does not say.</summary>
    public string Selector => Json["status"]?["selector"]?.GetValue<string>() ?? "";
}

/// <summary>
/// Reads and writes the scale of any object whose resource has such a part; which resource that is, discovery says. For use by many threads.
/// </summary>
internal sealed class Scales(KubernetesClient client)
{
    /// <summary>Resources by group and version, and kind. What is not there is asked for again: it may be defined any time.</summary>
    private readonly ConcurrentDictionary<(string ApiVersion, string Kind, bool CanScale), ApiResource> _known = [];

    /// <summary>The resource of a kind; null: there is none.</summary>
    /// <param name="apiVersion">Group and version.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="mustScale">Only if it can be scaled.</param>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    public async Task<ApiResource?> FindResourceAsync(
        string apiVersion, string kind, CancellationToken cancellation, bool mustScale = true)
    {
        if (_known.TryGetValue((apiVersion, kind, mustScale), out var known))
        {
            return known;
        }

        JsonArray resources;
        try
        {
            var path = apiVersion.Contains('/', StringComparison.Ordinal) ? "/apis/" : "/api/";
            var answer = JsonNode.Parse(await client.SendAsync(HttpMethod.Get, path + apiVersion, null, null, cancellation));
            resources = answer?["resources"] as JsonArray ?? [];
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            return null;
        }

        var names = resources.Select(r => r!["name"]!.GetValue<string>()).ToHashSet();
        var found = resources.FirstOrDefault(r =>
            r!["kind"]?.GetValue<string>() == kind && r["name"]!.GetValue<string>() is var name && !name.Contains('/', StringComparison.Ordinal)
            && (!mustScale || names.Contains(name + "/scale")));
        if (found is null)
        {
            return null;
        }

        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        var resource = new ApiResource(
            slash < 0 ? "" : apiVersion[..slash], apiVersion[(slash + 1)..], found["name"]!.GetValue<string>(), kind,
            found["namespaced"]?.GetValue<bool>() ?? true);
        return _known[(apiVersion, kind, mustScale)] = resource;
    }

    /// <summary>The scale of an object.</summary>
    /// <exception cref="ApiStatusException">There is none, or the server refuses.</exception>
    public async Task<Scale> GetAsync(ApiResource resource, string ns, string name, CancellationToken cancellation)
    {
        var answer = await client.SendAsync(HttpMethod.Get, resource.Path(ns, name, "scale"), null, null, cancellation);
        return new Scale(resource, JsonNode.Parse(answer)!.AsObject());
    }

    /// <summary>Scales an object, unless somebody has changed it since.</summary>
    /// <exception cref="ApiStatusException">Somebody was faster (IsConflict), or the server refuses.</exception>
    public async Task SetAsync(Scale scale, int replicas, CancellationToken cancellation)
    {
        var json = scale.Json.DeepClone().AsObject();
        var spec = json["spec"] as JsonObject ?? [];
        if (spec.Parent is null)
        {
            json["spec"] = spec;
        }

        spec["replicas"] = replicas;
        var metadata = json["metadata"]!;
        var path = scale.Resource.Path(metadata["namespace"]?.GetValue<string>() ?? "", metadata["name"]!.GetValue<string>(), "scale");
        await client.SendAsync(HttpMethod.Put, path, json, null, cancellation);
    }
}
