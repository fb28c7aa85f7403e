using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>What a pod had of something.</summary>
/// <param name="Milli">How much, in thousandths.</param>
/// <param name="Time">When it was measured.</param>
/// <param name="Window">Over how long.</param>
internal readonly record struct PodMetric(long Milli, DateTimeOffset Time, TimeSpan Window);

/// <summary>Where an autoscaler learns what things do. What cannot be learned is a <see cref="MetricsException"/>.</summary>
internal interface IMetricsSource
{
    /// <summary>What pods use of a resource, by name.</summary>
    /// <param name="ns">Their namespace.</param>
    /// <param name="selector">Which pods.</param>
    /// <param name="resource">The resource.</param>
    /// <param name="container">Only this container; empty: all of a pod.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<Dictionary<string, PodMetric>> GetResourceAsync(
        string ns, string selector, string resource, string container, CancellationToken cancellation);

    /// <summary>What pods have of a metric, by name.</summary>
    Task<Dictionary<string, PodMetric>> GetPodsMetricAsync(
        string ns, string selector, MetricIdentifier metric, CancellationToken cancellation);

    /// <summary>What an object has of a metric, in thousandths.</summary>
    Task<long> GetObjectMetricAsync(string ns, ObjectReference target, MetricIdentifier metric, CancellationToken cancellation);

    /// <summary>The sum of a metric of something outside, in thousandths.</summary>
    Task<long> GetExternalMetricAsync(string ns, MetricIdentifier metric, CancellationToken cancellation);
}

/// <summary>A metric could not be learned, or says nothing.</summary>
internal sealed class MetricsException(string message) : Exception(message);
