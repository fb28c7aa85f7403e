using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>What a metric asks for, and what is said of it in a status.</summary>
/// <param name="Replicas">How many pods.</param>
/// <param name="Name">The metric, in words.</param>
/// <param name="Status">What was measured (MetricStatus).</param>
internal sealed record MetricResult(int Replicas, string Name, JsonObject Status);

/// <summary>A metric asks for nothing, since something is wrong with it.</summary>
/// <param name="reason">What, in one word.</param>
/// <param name="message">What, in a sentence.</param>
/// <param name="cause">What it is of; the same, unless it is said twice.</param>
internal sealed class MetricFailure(string reason, string message, string? cause = null) : Exception(message)
{
    /// <summary>What, in one word.</summary>
    public string Reason { get; } = reason;

    /// <summary>What is said of it in the autoscaler's condition.</summary>
    public string Cause { get; } = cause ?? message;
}

/// <summary>Asks the metrics of one autoscaler.</summary>
/// <param name="source">Where they come from.</param>
/// <param name="ns">The autoscaler's namespace.</param>
/// <param name="scale">What is scaled.</param>
/// <param name="pods">Its pods.</param>
/// <param name="tolerance">What is near enough.</param>
/// <param name="now">The time.</param>
internal sealed class MetricEvaluation(
    IMetricsSource source, string ns, Scale scale, IReadOnlyList<Pod> pods, Tolerance tolerance, DateTimeOffset now)
{
    /// <summary>What a metric asks for.</summary>
    /// <exception cref="MetricFailure">Nothing.</exception>
    public async Task<MetricResult> EvaluateAsync(MetricSpec spec, CancellationToken cancellation)
    {
        try
        {
            return spec switch
            {
                { Type: "Resource", Resource: { } resource } => await ResourceAsync(resource, "resource", cancellation),
                { Type: "ContainerResource", ContainerResource: { } resource } => await ResourceAsync(resource, "containerResource", cancellation),
                { Type: "Pods", Pods: { } metric } => await PodsAsync(metric, cancellation),
                { Type: "Object", Object: { } metric } => await ObjectAsync(metric, cancellation),
                { Type: "External", External: { } metric } => await ExternalAsync(metric, cancellation),
                _ => throw new MetricFailure("InvalidMetricSourceType", $"unknown metric source type \"{spec.Type}\""),
            };
        }
        catch (Exception e) when (e is MetricsException or FormatException or OverflowException or JsonException)
        {
            throw new MetricFailure($"FailedGet{spec.Type}Metric", e.Message);
        }
    }

    private async Task<MetricResult> ResourceAsync(MetricSource resource, string part, CancellationToken cancellation)
    {
        var (name, target) = (resource.Name, resource.Target);
        var words = part == "resource" ? $"{name} resource" : $"{name} container resource";
        try
        {
            var groups = await GroupAsync(
                () => source.GetResourceAsync(ns, scale.Selector, name, resource.Container, cancellation),
                $"unable to get metrics for resource {name}", name);
            var status = new JsonObject { ["name"] = name };
            if (part != "resource")
            {
                status["container"] = resource.Container;
            }

            ReplicaProposal proposal;
            if (target.AverageValue is { } average)
            {
                proposal = ReplicaProposal.OfAverage(scale.Replicas, average.MilliValue, groups, tolerance);
                status["current"] = new JsonObject { ["averageValue"] = Milli(proposal.Average) };
                return Result(part, proposal.Replicas, words, status);
            }

            var percent = target.AverageUtilization
                ?? throw new MetricsException("invalid resource metric source: neither a utilization target nor a value target was set");
            proposal = ReplicaProposal.OfUtilization(scale.Replicas, percent, groups, RequestsOf(name, resource.Container), tolerance);
            status["current"] = new JsonObject { ["averageUtilization"] = proposal.Utilization, ["averageValue"] = Milli(proposal.Average) };
            return Result(part, proposal.Replicas, words + " utilization (percentage of request)", status);
        }
        catch (MetricsException e)
        {
            throw new MetricsException($"failed to get {name} utilization: {e.Message}");
        }
    }

    private async Task<MetricResult> PodsAsync(MetricSource metric, CancellationToken cancellation)
    {
        var groups = await GroupAsync(
            () => source.GetPodsMetricAsync(ns, scale.Selector, metric.Metric, cancellation), $"unable to get metric {metric.Metric.Name}", "");
        var target = metric.Target.AverageValue ?? throw new MetricsException("invalid pods metric source: no average value target was set");
        var proposal = ReplicaProposal.OfAverage(scale.Replicas, target.MilliValue, groups, tolerance);
        var status = new JsonObject { ["metric"] = ToJson(metric.Metric), ["current"] = new JsonObject { ["averageValue"] = Milli(proposal.Average) } };
        return Result("pods", proposal.Replicas, $"pods metric {metric.Metric.Name}", status);
    }

    private async Task<MetricResult> ObjectAsync(MetricSource metric, CancellationToken cancellation)
    {
        var target = metric.DescribedObject ?? new ObjectReference();
        long usage;
        try
        {
            usage = await source.GetObjectMetricAsync(ns, target, metric.Metric, cancellation);
        }
        catch (MetricsException e)
        {
            throw new MetricsException($"unable to get metric {metric.Metric.Name}: {target.Kind} on {ns} {target.Name}/{e.Message}");
        }

        var (proposal, current) = OfWhole(metric.Target, usage, "object");
        var status = new JsonObject
        {
            ["describedObject"] = new JsonObject { ["apiVersion"] = target.ApiVersion, ["kind"] = target.Kind, ["name"] = target.Name },
            ["metric"] = ToJson(metric.Metric),
            ["current"] = current,
        };
        return Result("object", proposal.Replicas, $"{target.Kind} metric {metric.Metric.Name}", status);
    }

    private async Task<MetricResult> ExternalAsync(MetricSource metric, CancellationToken cancellation)
    {
        var selector = metric.Metric.Selector is null ? "nil" : $"&LabelSelector{{{LabelSelector.FromObject(metric.Metric.Selector)}}}";
        ReplicaProposal proposal;
        JsonObject current;
        try
        {
            var usage = await source.GetExternalMetricAsync(ns, metric.Metric, cancellation);
            (proposal, current) = OfWhole(metric.Target, usage, "external");
        }
        catch (MetricsException e)
        {
            var cause = $"unable to get external metric {ns}/{metric.Metric.Name}/{selector}: {e.Message}";
            throw new MetricFailure("FailedGetExternalMetric", $"failed to get {metric.Metric.Name} external metric: {cause}", cause);
        }

        var status = new JsonObject { ["metric"] = ToJson(metric.Metric), ["current"] = current };
        return Result("external", proposal.Replicas, $"external metric {metric.Metric.Name}({selector})", status);
    }

    private (ReplicaProposal Proposal, JsonObject Current) OfWhole(MetricTarget target, long usage, string type)
    {
        if (target.AverageValue is { } average)
        {
            var share = ReplicaProposal.OfShare(scale.ActualReplicas, average.MilliValue, usage, tolerance);
            return (share, new JsonObject { ["averageValue"] = Milli(share.Average) });
        }

        var value = target.Value
            ?? throw new MetricsException($"invalid {type} metric source: neither a value target nor an average value target was set");
        var whole = ReplicaProposal.OfValue(scale.Replicas, value.MilliValue, usage, pods, tolerance);
        return (whole, new JsonObject { ["value"] = Milli(whole.Average) });
    }

    private async Task<PodGroups> GroupAsync(Func<Task<Dictionary<string, PodMetric>>> ask, string failure, string resource)
    {
        Dictionary<string, PodMetric> metrics;
        try
        {
            metrics = await ask();
        }
        catch (MetricsException e)
        {
            throw new MetricsException($"{failure}: {e.Message}");
        }

        return pods.Count == 0
            ? throw new MetricsException("no pods returned by selector while calculating replica count")
            : new PodGroups(pods, metrics, resource, now);
    }

    private Dictionary<string, long> RequestsOf(string resource, string container)
    {
        var requests = new Dictionary<string, long>();
        foreach (var pod in pods)
        {
            long sum = 0;
            foreach (var part in pod.Spec.Containers.Concat(pod.Spec.InitContainers.Where(c => c.RestartPolicy == "Always")))
            {
                if (container.Length == 0 || part.Name == container)
                {
                    sum += part.Resources.Requests?.TryGetValue(resource, out var request) == true
                        ? request.MilliValue
                        : throw new MetricsException($"missing request for {resource} in container {part.Name} of Pod {pod.Metadata.Name}");
                }
            }

            requests[pod.Metadata.Name] = sum;
        }

        return requests;
    }

    private static MetricResult Result(string part, int replicas, string name, JsonObject status) =>
        new(replicas, name, new JsonObject { ["type"] = char.ToUpperInvariant(part[0]) + part[1..], [part] = status });

    private static JsonObject ToJson(MetricIdentifier metric)
    {
        var json = new JsonObject { ["name"] = metric.Name };
        if (metric.Selector is not null)
        {
            json["selector"] = metric.Selector.DeepClone();
        }

        return json;
    }

    private static string Milli(long amount) => Quantity.FromMilli(amount).ToString();
}
