using Etcdish.Controllers.Policy;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Policy;

/// <summary>Metrics that a test sets.</summary>
internal sealed class ScriptedMetrics : IMetricsSource
{
    /// <summary>What each pod has, in thousandths, by name; null: there are no such metrics.</summary>
    public Func<string, long?>? OfPod { get; set; }

    /// <summary>What something else has.</summary>
    public long? OfOther { get; set; }

    /// <summary>The pods of which there are metrics.</summary>
    public Func<IEnumerable<string>> Pods { get; set; } = () => [];

    public DateTimeOffset Time { get; set; }

    public Task<Dictionary<string, PodMetric>> GetResourceAsync(
        string ns, string selector, string resource, string container, CancellationToken cancellation) => ReadAsync();

    public Task<Dictionary<string, PodMetric>> GetPodsMetricAsync(
        string ns, string selector, MetricIdentifier metric, CancellationToken cancellation) => ReadAsync();

    public Task<long> GetObjectMetricAsync(string ns, ObjectReference target, MetricIdentifier metric, CancellationToken cancellation) =>
        Task.FromResult(OfOther ?? throw new MetricsException("nothing"));

    public Task<long> GetExternalMetricAsync(string ns, MetricIdentifier metric, CancellationToken cancellation) =>
        Task.FromResult(OfOther ?? throw new MetricsException("nothing"));

    private Task<Dictionary<string, PodMetric>> ReadAsync()
    {
        var known = OfPod ?? throw new MetricsException("nothing");
        return Task.FromResult(Pods().Where(pod => known(pod) is not null)
            .ToDictionary(pod => pod, pod => new PodMetric(known(pod)!.Value, Time, TimeSpan.FromMinutes(1))));
    }
}
