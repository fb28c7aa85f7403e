using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>The metrics that others serve beside the API: metrics.k8s.io, custom.metrics.k8s.io and external.metrics.k8s.io.</summary>
internal sealed class MetricsApi(KubernetesClient client) : IMetricsSource
{
    private const string CustomMetrics = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/";
    private const string NoCustomMetrics = "no custom metrics API (custom.metrics.k8s.io) registered";
    private static readonly TimeSpan _customWindow = TimeSpan.FromMinutes(1);
    private readonly Scales _resources = new(client);

    /// <inheritdoc/>
    public async Task<Dictionary<string, PodMetric>> GetResourceAsync(
        string ns, string selector, string resource, string container, CancellationToken cancellation)
    {
        var items = await ReadAsync(
            $"/apis/metrics.k8s.io/v1beta1/namespaces/{ns}/pods?labelSelector={Uri.EscapeDataString(selector)}",
            "unable to fetch metrics from resource metrics API", "the server could not find the requested resource (get pods.metrics.k8s.io)",
            cancellation);
        if (items.Count == 0)
        {
            throw new MetricsException("no metrics returned from resource metrics API");
        }

        var metrics = new Dictionary<string, PodMetric>();
        foreach (var pod in items.OfType<JsonObject>())
        {
            if (UsageOf(pod, resource, container) is { } usage)
            {
                metrics[Text(pod["metadata"]?["name"])] = new PodMetric(usage, TimeOf(pod), WindowOf(pod["window"]));
            }
        }

        return metrics;
    }

    /// <inheritdoc/>
    public async Task<Dictionary<string, PodMetric>> GetPodsMetricAsync(
        string ns, string selector, MetricIdentifier metric, CancellationToken cancellation)
    {
        var items = await ReadAsync(
            $"{CustomMetrics}{ns}/pods/*/{metric.Name}?labelSelector={Uri.EscapeDataString(selector)}{Series(metric, "&metricLabelSelector=")}",
            "unable to fetch metrics from custom metrics API", NoCustomMetrics, cancellation);
        if (items.Count == 0)
        {
            throw new MetricsException("no metrics returned from custom metrics API");
        }

        return items.OfType<JsonObject>().ToDictionary(
            item => Text(item["describedObject"]?["name"]),
            item => new PodMetric(
                Quantity.Parse(Text(item["value"])).MilliValue, TimeOf(item),
                item["windowSeconds"]?.GetValue<long>() is { } seconds ? TimeSpan.FromSeconds(seconds) : _customWindow));
    }

    /// <inheritdoc/>
    public async Task<long> GetObjectMetricAsync(
        string ns, ObjectReference target, MetricIdentifier metric, CancellationToken cancellation)
    {
        const string Failure = "unable to fetch metrics from custom metrics API";
        var series = Series(metric, "?metricLabelSelector=");
        var path = $"{CustomMetrics}{ns}/metrics/{metric.Name}{series}";
        if (target is not { Kind: "Namespace", ApiVersion: "v1" })
        {
            var resource = await FindResourceAsync(target, cancellation);
            path = $"{CustomMetrics}{ns}/{resource}/{target.Name}/{metric.Name}{series}";
        }

        var items = await ReadAsync(path, Failure, NoCustomMetrics, cancellation);
        return items.Count == 0
            ? throw new MetricsException($"{Failure}: no metrics returned")
            : Quantity.Parse(Text(items[0]!["value"])).MilliValue;
    }

    /// <inheritdoc/>
    public async Task<long> GetExternalMetricAsync(string ns, MetricIdentifier metric, CancellationToken cancellation)
    {
        var items = await ReadAsync(
            $"/apis/external.metrics.k8s.io/v1beta1/namespaces/{ns}/{metric.Name}{Series(metric, "?labelSelector=")}",
            "unable to fetch metrics from external metrics API",
            $"the server could not find the requested resource (get {metric.Name}.external.metrics.k8s.io)", cancellation);
        return items.Count == 0
            ? throw new MetricsException("no metrics returned from external metrics API")
            : items.Sum(item => Quantity.Parse(Text(item!["value"])).MilliValue);
    }

    private async Task<string> FindResourceAsync(ObjectReference target, CancellationToken cancellation)
    {
        var resource = await _resources.FindResourceAsync(target.ApiVersion, target.Kind, cancellation, mustScale: false)
            ?? throw new MetricsException($"no matches for kind \"{target.Kind}\" in version \"{target.ApiVersion}\"");
        return resource.Group.Length == 0 ? resource.Name : $"{resource.Name}.{resource.Group}";
    }

    private async Task<JsonArray> ReadAsync(string path, string failure, string absent, CancellationToken cancellation)
    {
        try
        {
            return JsonNode.Parse(await client.SendAsync(HttpMethod.Get, path, null, null, cancellation))?["items"] as JsonArray ?? [];
        }
        catch (ApiStatusException e)
        {
            throw new MetricsException($"{failure}: {(e.IsNotFound ? absent : e.Message)}");
        }
    }

    private static long? UsageOf(JsonObject pod, string resource, string container)
    {
        long? sum = null;
        foreach (var item in pod["containers"] as JsonArray ?? [])
        {
            if (container.Length > 0 && Text(item!["name"]) != container)
            {
                continue;
            }

            // A pod of which a container is not measured yet is not measured.
            if (item!["usage"]?[resource] is not { } usage)
            {
                return null;
            }

            sum = (sum ?? 0) + Quantity.Parse(Text(usage)).MilliValue;
        }

        return sum;
    }

    private static DateTimeOffset TimeOf(JsonObject metric) => TimeText.TryParse(Text(metric["timestamp"]), out var time) ? time : default;

    private static TimeSpan WindowOf(JsonNode? window) =>
        DurationText.TryParse(Text(window), out var nanoseconds) ? TimeSpan.FromTicks(nanoseconds / 100) : TimeSpan.Zero;

    private static string Series(MetricIdentifier metric, string prefix) =>
        metric.Selector is null ? "" : prefix + Uri.EscapeDataString(LabelSelector.FromObject(metric.Selector).ToString());

    private static string Text(JsonNode? node) => node is null ? "" : node.ToString();
}
