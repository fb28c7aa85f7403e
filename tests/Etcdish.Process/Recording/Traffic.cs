using Etcdish.Checkers;

namespace Etcdish.Process.Recording;

/// <summary>What the clients of a run do. Small on purpose: few keys make operations meet each other.</summary>
internal sealed record TrafficOptions
{
    public int Clients { get; init; } = 8;

    public int Keys { get; init; } = 10;

    public int Seed { get; init; } = Environment.TickCount;

    /// <summary>Whether revisions are compacted while watches and historic reads run.</summary>
    public bool Compact { get; init; }

    /// <summary>Whether watchers ask for bookmarks. etcd before 3.4.25 sends them ahead of events now and then (its issue 15220).</summary>
    public bool Bookmarks { get; init; }

    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>Chooses the next call of one client.</summary>
internal sealed class Traffic(TrafficOptions options, int client)
{
    public const long LeaseSeconds = 2;
    private readonly Random _random = new(options.Seed + client);
    private int _count;
    private long _lease;

    /// <summary>The highest revision that the client has seen.</summary>
    public long Revision { get; set; } = History.EmptyRevision;

    public static string Key(int index) => $"k{index:00}";

    public Call Next() => _random.Next(100) switch
    {
        < 30 => new PutCall(AnyKey(), Value(), _lease != 0 && _random.Next(4) == 0 ? _lease : 0, PrevKv: _random.Next(2) == 0),
        < 45 => new RangeCall(new KeyRange(AnyKey())),
        < 55 => Range(),
        < 62 => new RangeCall(KeyRange.Prefix("k")) { Serializable = true },
        < 70 => new DeleteCall(new KeyRange(AnyKey()), PrevKv: _random.Next(2) == 0),
        < 73 => new DeleteCall(new KeyRange(Key(2), Key(4)), PrevKv: true),
        < 92 => Txn(),
        < 94 => new GrantCall(_lease = NextLease(), LeaseSeconds),
        < 96 when _lease != 0 => new KeepAliveCall(_lease),
        < 97 when _lease != 0 => new RevokeCall(_lease),
        < 98 when options.Compact => new CompactCall(Math.Max(1, Revision - _random.Next(30))),
        _ => new RangeCall(new KeyRange(AnyKey())) { Revision = Math.Max(1, Revision - _random.Next(-3, 100)) },
    };

    private string AnyKey() => Key(_random.Next(options.Keys));

    private string Value() => $"c{client}-{++_count}";

    // One stream of ids a client, so that no id comes twice in a history.
    private long NextLease() => (client + 1) * 1_000_000L + ++_count;

    private RangeCall Range() => new(KeyRange.Prefix("k"))
    {
        Limit = _random.Next(2) == 0 ? _random.Next(1, 6) : 0,
        SortOrder = (SortOrder)_random.Next(3),
        SortTarget = (SortTarget)_random.Next(5),
        CountOnly = _random.Next(8) == 0,
    };

    private TxnCall Txn()
    {
        string key = AnyKey();
        string other = key == Key(0) ? Key(1) : Key(0);
        Compare compare = _random.Next(3) switch
        {
            0 => new Compare(key, CompareTarget.Mod, CompareResult.Less, Math.Max(1, Revision - _random.Next(20))),
            1 => new Compare(key, CompareTarget.Version, CompareResult.Greater, _random.Next(4)),
            _ => new Compare(key, CompareTarget.Create, CompareResult.Equal, 0),
        };
        return new TxnCall(
            [compare],
            [new PutCall(key, Value(), PrevKv: true), new RangeCall(new KeyRange(key)), new PutCall(other, Value())],
            [new RangeCall(KeyRange.Prefix("k")), new DeleteCall(new KeyRange(Key(5)))]);
    }
}
