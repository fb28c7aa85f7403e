namespace Etcdish.Checkers.Tests;

/// <summary>Random calls over few keys with unique values.</summary>
internal sealed class CallGenerator(Random random, GeneratorOptions options, ReferenceStore store)
{
    private int _value;
    private long _lease;

    public Call Next() => random.Next(20) switch
    {
        < 6 => Put(),
        < 9 => Range(),
        < 12 => Delete(),
        < 16 => Txn(),
        16 when options.Compactions => new CompactCall(Math.Max(1, store.Revision - random.Next(-1, 6))),
        17 when options.Leases => new GrantCall(++_lease, ReferenceStore.GrantSeconds),
        18 when options.Leases => new KeepAliveCall(AnyLease()),
        19 when options.Leases && random.Next(3) == 0 => new RevokeCall(AnyLease()),
        _ => Range(),
    };

    private string Key() => "k" + random.Next(options.Keys);

    private string Value() => "v" + ++_value;

    /// <summary>Mostly a living lease, sometimes one that ended or never was.</summary>
    private long AnyLease()
    {
        long[] leases = store.Leases;
        return random.Next(6) == 0 || leases.Length == 0 ? random.NextInt64(1, _lease + 2) : leases[random.Next(leases.Length)];
    }

    private PutCall Put() =>
        new(Key(), Value(), options.Leases && random.Next(3) == 0 ? AnyLease() : 0, PrevKv: random.Next(2) == 0);

    private DeleteCall Delete() => new(random.Next(4) == 0 ? Keys() : new KeyRange(Key()), PrevKv: random.Next(2) == 0);

    private KeyRange Keys() => random.Next(3) switch
    {
        0 => KeyRange.Prefix("k"),
        1 => new KeyRange(Key(), KeyRange.Unbounded),
        _ => new KeyRange("k1", "k4"),
    };

    private RangeCall Range() => new(random.Next(2) == 0 ? Keys() : new KeyRange(Key()))
    {
        Revision = options.HistoricReads && random.Next(4) == 0 ? Math.Max(1, store.Revision - random.Next(-2, 8)) : 0,
        Limit = random.Next(3) == 0 ? random.Next(1, 4) : 0,
        SortOrder = (SortOrder)random.Next(3),
        SortTarget = (SortTarget)random.Next(5),
        Serializable = random.Next(5) == 0,
        KeysOnly = random.Next(8) == 0,
        CountOnly = random.Next(8) == 0,
    };

    private TxnCall Txn()
    {
        Compare[] compares = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Compare())];
        // Different keys, as etcd refuses a transaction that writes one twice.
        Call[] success = [new PutCall("k0", Value()), new RangeCall(new KeyRange("k0")), new PutCall("k1", Value(), PrevKv: true)];
        Call[] failure = random.Next(2) == 0
            ? [new RangeCall(KeyRange.Prefix("k"))]
            : [new DeleteCall(new KeyRange("k2", "k4"), PrevKv: true), new TxnCall([Compare()], [new PutCall("k5", Value())], [])];
        return new TxnCall(compares, success, failure);
    }

    private Compare Compare() => new(
        Key(),
        (CompareTarget)random.Next(5),
        (CompareResult)random.Next(4),
        random.Next(3) == 0 ? random.NextInt64(0, store.Revision + 1) : random.Next(3),
        "v" + random.Next(_value + 1));
}
