namespace Etcdish.Server.Metrics;

/// <summary>Counts of health checks.</summary>
internal sealed class HealthMetrics
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string Type, string Name), (long Succeeded, long Failed, bool LastSucceeded)> _checks = [];

    public HealthMetrics(MetricRegistry registry)
    {
        Succeeded = registry.AddCounter("etcd_server_health_success", "The total number of successful health checks");
        Failed = registry.AddCounter("etcd_server_health_failures", "The total number of failed health checks");
        registry.AddFamily("etcd_server_healthcheck", "gauge", "The result of each kind of healthcheck.", CollectResults);
        registry.AddFamily(
            "etcd_server_healthchecks_total", "counter", "The total number of each kind of healthcheck.", CollectCounts);
    }

    /// <summary>Answers of /health that said true.</summary>
    public Counter Succeeded { get; }

    /// <summary>Answers of /health that said false.</summary>
    public Counter Failed { get; }

    /// <summary>Counts one check of /livez or /readyz.</summary>
    public void Record(string type, string name, bool succeeded)
    {
        lock (_lock)
        {
            var seen = _checks.GetValueOrDefault((type, name));
            _checks[(type, name)] = (seen.Succeeded + (succeeded ? 1 : 0), seen.Failed + (succeeded ? 0 : 1), succeeded);
        }
    }

    private void CollectResults(MetricWriter writer)
    {
        lock (_lock)
        {
            foreach (((string type, string name), var seen) in _checks)
            {
                writer.Sample("etcd_server_healthcheck", MetricWriter.Labels(("type", type), ("name", name)), seen.LastSucceeded ? 1 : 0);
            }
        }
    }

    private void CollectCounts(MetricWriter writer)
    {
        const string Family = "etcd_server_healthchecks_total";
        lock (_lock)
        {
            foreach (((string type, string name), var seen) in _checks)
            {
                if (seen.Succeeded > 0)
                {
                    writer.Sample(Family, MetricWriter.Labels(("type", type), ("name", name), ("status", "success")), seen.Succeeded);
                }

                if (seen.Failed > 0)
                {
                    writer.Sample(Family, MetricWriter.Labels(("type", type), ("name", name), ("status", "error")), seen.Failed);
                }
            }
        }
    }
}
