using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Nodes;

/// <summary>How a zone is, as far as its nodes say.</summary>
internal enum ZoneState
{
    /// <summary>Nothing is known yet.</summary>
    Initial,

    /// <summary>Most nodes are ready.</summary>
    Normal,

    /// <summary>More than half are not.</summary>
    PartialDisruption,

    /// <summary>None is.</summary>
    FullDisruption,
}

/// <summary>
/// How fast the nodes of a zone may be given the taint that drives pods away: the more of them are silent, the likelier it is that it is
/// not they who fail. Used by one thread.
/// </summary>
internal sealed class Zone(TimeProvider clock)
{
    private const double UnhealthyShare = 0.55;
    private const int LargeZone = 50;
    private const double Rate = 0.1;
    private const double SecondaryRate = 0.01;

    private readonly Queue<string> _order = [];
    private readonly HashSet<string> _waiting = [];
    private DateTimeOffset _since = clock.GetUtcNow();
    private double _tokens = 1;
    private double _rate = Rate;

    /// <summary>How it is.</summary>
    public ZoneState State { get; private set; }

    /// <summary>How many nodes have been counted.</summary>
    public int Nodes { get; private set; }

    /// <summary>How many of them are ready.</summary>
    public int ReadyNodes { get; private set; }

    /// <summary>Whether a node waits for its taint.</summary>
    public bool IsWaiting => _waiting.Count > 0;

    /// <summary>The key of a node's zone.</summary>
    public static string KeyOf(Node node)
    {
        var (region, zone) = (Label("region"), Label("zone"));
        return region.Length + zone.Length == 0 ? "" : $"{region}:\0:{zone}";

        string Label(string name) => node.Metadata.Labels.GetValueOrDefault($"topology.kubernetes.io/{name}")
            ?? node.Metadata.Labels.GetValueOrDefault($"failure-domain.beta.kubernetes.io/{name}", "");
    }

    /// <summary>How a zone is with so many nodes.</summary>
    public static ZoneState StateOf(int ready, int notReady) =>
        ready == 0 && notReady > 0 ? ZoneState.FullDisruption
        : notReady > 2 && (double)notReady / (notReady + ready) >= UnhealthyShare ? ZoneState.PartialDisruption
        : ZoneState.Normal;

    /// <summary>How many nodes a second are tainted.</summary>
    public static double RateOf(ZoneState state, int nodes) =>
        state != ZoneState.PartialDisruption ? Rate : nodes > LargeZone ? SecondaryRate : 0;

    /// <summary>Begins to count its nodes.</summary>
    public void BeginCount() => (Nodes, ReadyNodes) = (0, 0);

    /// <summary>Counts a node.</summary>
    public void Count(bool isReady)
    {
        Nodes++;
        ReadyNodes += isReady ? 1 : 0;
    }

    /// <summary>Sets how it is, and how fast nodes may be tainted.</summary>
    public void Set(ZoneState state, double rate)
    {
        State = state;
        if (_rate != rate)
        {
            Refill();
            (_rate, _tokens) = (rate, rate > 0 ? _tokens : 0);
        }
    }

    /// <summary>Adds a node, unless it waits already.</summary>
    public void Add(string node)
    {
        if (_waiting.Add(node))
        {
            _order.Enqueue(node);
        }
    }

    /// <summary>Takes a node out, since it need not be tainted.</summary>
    public void Remove(string node) => _waiting.Remove(node);

    /// <summary>The next node, if one waits and one may be tainted now.</summary>
    public bool TryTake(out string node)
    {
        Refill();
        while (_tokens >= 1 && _order.TryDequeue(out node!))
        {
            if (_waiting.Remove(node))
            {
                _tokens--;
                return true;
            }
        }

        node = "";
        return false;
    }

    /// <summary>Puts back a node that could not be tainted: its turn is next.</summary>
    public void Return(string node)
    {
        _tokens = _rate > 0 ? 1 : 0;
        Add(node);
    }

    private void Refill()
    {
        var now = clock.GetUtcNow();
        _tokens = Math.Min(1, _tokens + ((now - _since).TotalSeconds * _rate));
        _since = now;
    }
}
