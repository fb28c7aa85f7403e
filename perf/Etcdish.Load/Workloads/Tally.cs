using Etcdish.Load.Measuring;

namespace Etcdish.Load.Workloads;

/// <summary>What one connection saw. Touched by its loop only; read when the loop has ended.</summary>
internal sealed class Tally
{
    private readonly Dictionary<string, long> _errors = [];

    public LatencyHistogram Latencies { get; } = new();

    public long WritesAcknowledged { get; set; }

    public IReadOnlyDictionary<string, long> Errors => _errors;

    public void AddError(string text) => _errors[text] = _errors.GetValueOrDefault(text) + 1;
}
