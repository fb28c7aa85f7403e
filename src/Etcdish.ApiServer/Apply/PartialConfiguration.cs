using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Apply;

/// <summary>
/// Cuts a configuration down to what a subresource takes: the rest is neither written nor owned, and conflicts with nobody.
/// </summary>
internal static class PartialConfiguration
{
    private static readonly string[] _identity = ["name", "namespace", "uid", "resourceVersion"];

    /// <summary>The part of a configuration that a request applies; the whole of it if it is for the object itself.</summary>
    /// <exception cref="ApiException">The subresource takes nothing of it.</exception>
    public static JsonObject Take(WriteRequest request, JsonObject configuration)
    {
        if (request.Part.Take is not { } take)
        {
            return configuration;
        }

        var metadata = new JsonObject();
        foreach (var field in _identity)
        {
            metadata.CopyFrom(configuration.Part("metadata"), field);
        }

        var part = new JsonObject { ["metadata"] = metadata };
        take(part, configuration);
        if (part.Count == 1)
        {
            throw ApiErrors.BadRequest($"nothing of what is applied belongs to the subresource {request.Subresource}");
        }

        part.CopyFrom(configuration, "kind");
        part.CopyFrom(configuration, "apiVersion");
        return part;
    }
}
