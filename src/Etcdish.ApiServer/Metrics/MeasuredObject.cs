using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Metrics;

/// <summary>A node or a pod, of which usage is told.</summary>
/// <param name="Namespace">Its namespace; empty for a node.</param>
/// <param name="Name">Its name.</param>
/// <param name="Node">The node that it is, or that it is on; empty for a pod that waits for one.</param>
/// <param name="Labels">Its labels, if it has any.</param>
internal sealed record MeasuredObject(string Namespace, string Name, string Node, JsonNode? Labels)
{
    /// <summary>Reads a stored pod or node.</summary>
    public static MeasuredObject Read(ReadOnlySpan<byte> stored, bool isPod)
    {
        var value = ApiJson.Parse(stored);
        var (name, ns) = (value.Name(), value.Namespace());
        return new MeasuredObject(ns, name, isPod ? value.Part("spec").Text("nodeName") : name, value.Part("metadata")?["labels"]);
    }

    /// <summary>A PodMetrics or NodeMetrics object; null if its usage is not known.</summary>
    /// <param name="samples">What is known of its node.</param>
    /// <param name="now">The time.</param>
    public JsonObject? ToMetrics(SamplePair? samples, DateTimeOffset now) =>
        samples is null ? null : Namespace.Length > 0 ? OfPod(samples, now) : OfNode(samples, now);

    private JsonObject? OfNode(SamplePair samples, DateTimeOffset now)
    {
        if (samples.Now.Node is not { } point || UsageRate.Between(samples.Before.Node, point) is not { } rate)
        {
            return null;
        }

        var metrics = Begin("NodeMetrics", rate, now);
        metrics["usage"] = Amounts(rate);
        return metrics;
    }

    /// <summary>A pod is as old as the oldest of what is known of its containers; if nothing is of one of them, nothing is of the pod.</summary>
    private JsonObject? OfPod(SamplePair samples, DateTimeOffset now)
    {
        if (!samples.Now.Pods.TryGetValue((Namespace, Name), out var points))
        {
            return null;
        }

        var before = samples.Before.Pods.GetValueOrDefault((Namespace, Name));
        UsageRate? oldest = null;
        var containers = new JsonArray();
        foreach (var (container, point) in points)
        {
            var earlier = before is not null && before.TryGetValue(container, out var found) ? found : (UsagePoint?)null;
            if (UsageRate.Between(earlier, point) is not { } rate)
            {
                return null;
            }

            oldest = oldest?.Time <= rate.Time ? oldest : rate;
            containers.Add(new JsonObject { ["name"] = container, ["usage"] = Amounts(rate) });
        }

        if (oldest is null)
        {
            return null;
        }

        var metrics = Begin("PodMetrics", oldest.Value, now);
        metrics["containers"] = containers;
        return metrics;
    }

    private JsonObject Begin(string kind, UsageRate rate, DateTimeOffset now)
    {
        const long NanosPerTick = 100;
        var metadata = new JsonObject { ["name"] = Name };
        if (Namespace.Length > 0)
        {
            metadata["namespace"] = Namespace;
        }

        metadata["creationTimestamp"] = TimeText.Format(now);
        if (Labels is not null)
        {
            metadata["labels"] = Labels.DeepClone();
        }

        return new JsonObject
        {
            ["kind"] = kind,
            ["apiVersion"] = "metrics.k8s.io/v1beta1",
            ["metadata"] = metadata,
            ["timestamp"] = TimeText.Format(rate.Time),
            ["window"] = DurationText.Format(rate.Window.Ticks * NanosPerTick),
        };
    }

    private static JsonObject Amounts(UsageRate rate) => new()
    {
        ["cpu"] = Quantity.FromNano(rate.CpuNanocores).ToString(),
        ["memory"] = new Quantity(rate.MemoryBytes, QuantityFormat.BinarySI).ToString(),
    };
}
