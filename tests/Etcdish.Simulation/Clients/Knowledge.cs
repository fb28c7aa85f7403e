using Etcdish.Checkers;

namespace Etcdish.Simulation;

/// <summary>What clients have learnt so far, and the numbers that no two of them may use.</summary>
internal sealed class Knowledge
{
    private const int KeptLeases = 6;

    private readonly Dictionary<string, KeyValue> _keys = new(StringComparer.Ordinal);
    private readonly List<long> _leases = [];
    private int _lastValue;
    private long _lastLease = 1000;

    /// <summary>The highest revision that anybody was told of.</summary>
    public long Revision { get; private set; } = History.EmptyRevision;

    /// <summary>Leases granted lately; some have run out.</summary>
    public IReadOnlyList<long> Leases => _leases;

    public int NextValue() => ++_lastValue;

    public long NextLease() => ++_lastLease;

    public KeyValue? Find(string key) => _keys.GetValueOrDefault(key);

    public void Learn(Call call, Reply reply)
    {
        Revision = Math.Max(Revision, reply.Revision);
        if (reply is RangeReply range && call is RangeCall { KeysOnly: false })
        {
            foreach (KeyValue kv in range.Kvs)
            {
                _keys[kv.Key] = kv;
            }
        }
        else if (call is GrantCall grant)
        {
            _leases.Add(grant.Lease);
            if (_leases.Count > KeptLeases)
            {
                _leases.RemoveAt(0);
            }
        }
    }
}
