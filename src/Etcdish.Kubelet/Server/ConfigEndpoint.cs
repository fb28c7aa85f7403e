using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>Serves <c>/configz</c>: the kubelet's settings, by the names of kubelet.config.k8s.io/v1beta1.</summary>
internal sealed class ConfigEndpoint(KubeletOptions options)
{
    /// <summary>Serves a request.</summary>
    public Task ServeAsync(HttpContext http) => Answer.JsonAsync(http, new JsonObject { ["kubeletconfig"] = Show() });

    private JsonObject Show() => new()
    {
        ["staticPodPath"] = options.ManifestFolder,
        ["address"] = options.BindAddress.ToString(),
        ["port"] = options.Port,
        ["authentication"] = new JsonObject
        {
            ["webhook"] = new JsonObject { ["enabled"] = true, ["cacheTTL"] = "2m0s" },
            ["anonymous"] = new JsonObject { ["enabled"] = false },
        },
        ["authorization"] = new JsonObject
        {
            ["mode"] = "Webhook",
            ["webhook"] = new JsonObject { ["cacheAuthorizedTTL"] = "5m0s", ["cacheUnauthorizedTTL"] = "30s" },
        },
        ["clusterDomain"] = options.ClusterDomain,
        ["clusterDNS"] = new JsonArray([.. options.ClusterDns.Select(server => (JsonNode)server.ToString())]),
        ["maxPods"] = options.MaxPods,
        ["containerRuntimeEndpoint"] = options.RuntimeEndpoint,
        ["evictionHard"] = ShowThresholds(),
        ["imageGCHighThresholdPercent"] = options.ImageHighPercent,
        ["imageGCLowThresholdPercent"] = options.ImageLowPercent,
        ["containerLogMaxSize"] = $"{options.LogMaxBytes >> 20}Mi",
        ["containerLogMaxFiles"] = options.LogMaxFiles,
        ["shutdownGracePeriod"] = $"{(long)options.ShutdownGrace.TotalSeconds}s",
        ["podLogsDir"] = options.LogFolder,
    };

    // Written signal<quantity, with commas between, as kubelets take it.
    private JsonObject ShowThresholds() => new(
        options.EvictionHard
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(threshold => threshold.Split('<', 2))
            .Where(parts => parts.Length == 2)
            .Select(parts => KeyValuePair.Create(parts[0], (JsonNode?)parts[1])));
}
