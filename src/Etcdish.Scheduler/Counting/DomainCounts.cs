namespace Etcdish.Scheduler.Counting;

/// <summary>A number for each domain of a topology.</summary>
/// <param name="topology">The topology.</param>
internal class DomainCounts(Topology topology)
{
    private int[] _counts = [];

    public Topology Topology { get; } = topology;

    /// <summary>The sum of all.</summary>
    public long Total { get; private set; }

    /// <summary>The number of a domain; 0 for -1.</summary>
    public int this[int domain] => (uint)domain < (uint)_counts.Length ? _counts[domain] : 0;

    /// <summary>The number of a node's domain.</summary>
    public int At(int slot) => this[Topology[slot]];

    public virtual void Add(int domain, int amount)
    {
        if (domain < 0)
        {
            return;
        }

        Grow(domain);
        _counts[domain] += amount;
        Total += amount;
    }

    public virtual void Clear()
    {
        Array.Clear(_counts);
        Total = 0;
    }

    private void Grow(int domain)
    {
        if (domain >= _counts.Length)
        {
            Array.Resize(ref _counts, Math.Max(domain + 1, Math.Max(_counts.Length * 2, Topology.Domains)));
        }
    }
}
