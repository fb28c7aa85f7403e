using Etcdish.Checkers;

namespace Etcdish.Simulation;

/// <summary>Draws what a client asks next, with half an eye on what was answered before: compares that sometimes hold, leases that exist.</summary>
internal sealed class CallGenerator(World world, SeededRandom random)
{
    private static readonly CompareTarget[] _targets = Enum.GetValues<CompareTarget>();
    private static readonly CompareResult[] _results = Enum.GetValues<CompareResult>();
    private readonly ClientPlan _plan = world.Plan.Clients;

    public Call Next()
    {
        double kind = random.NextDouble();
        if ((kind -= _plan.LeaseShare) < 0)
        {
            return Lease();
        }

        if ((kind -= _plan.CompactShare) < 0)
        {
            return new CompactCall(Math.Max(1, world.Knowledge.Revision - random.Next(-1, 20)));
        }

        if ((kind -= _plan.TxnShare) < 0)
        {
            return Txn();
        }

        if ((kind -= _plan.RangeShare) < 0)
        {
            return Range(isInTxn: false);
        }

        return (kind - _plan.DeleteShare) < 0 ? Delete() : Put();
    }

    private string Key() => $"k{random.Next(_plan.Keys):D2}";

    private KeyRange Keys() => random.Next(6) switch
    {
        0 => KeyRange.Everything,
        1 => KeyRange.Prefix("k0"),
        2 => new KeyRange(Key(), KeyRange.Unbounded),
        _ => new KeyRange(Key()),
    };

    private PutCall Put()
    {
        string value = $"v{world.Knowledge.NextValue()}";
        if (_plan.ValueBytes > 0 && random.Chance(0.7))
        {
            value += $"_{random.Next(_plan.ValueBytes)}";
        }

        return new PutCall(Key(), value, AttachedLease(), random.Chance(0.3));
    }

    private DeleteCall Delete() => new(random.Chance(0.7) ? new KeyRange(Key()) : Keys(), random.Chance(0.3));

    private long AttachedLease() =>
        _plan.LeaseShare > 0 && random.Chance(0.3) && world.Knowledge.Leases.Count > 0 ? random.Pick(world.Knowledge.Leases) : 0;

    private Call Lease()
    {
        IReadOnlyList<long> leases = world.Knowledge.Leases;
        int kind = random.Next(10);
        if (leases.Count == 0 || kind < 4)
        {
            return new GrantCall(world.Knowledge.NextLease(), random.Next(1, 4));
        }

        return kind < 8 ? new KeepAliveCall(random.Pick(leases)) : new RevokeCall(random.Pick(leases));
    }

    private RangeCall Range(bool isInTxn)
    {
        bool isPast = !isInTxn && random.Chance(0.2);
        bool isSorted = random.Chance(0.2);
        return new RangeCall(Keys())
        {
            Revision = isPast ? random.NextInt64(1, world.Knowledge.Revision + 2) : 0,
            Limit = random.Chance(0.2) ? random.Next(1, 4) : 0,
            SortTarget = isSorted ? random.Pick(Enum.GetValues<SortTarget>()) : SortTarget.Key,
            SortOrder = isSorted ? random.Pick(Enum.GetValues<SortOrder>()) : SortOrder.None,
            Serializable = !isInTxn && random.Chance(0.3),
            KeysOnly = random.Chance(0.1),
            CountOnly = random.Chance(0.1),
        };
    }

    private TxnCall Txn()
    {
        List<Compare> compares = [];
        for (int i = random.Next(3); i > 0; i--)
        {
            compares.Add(Compare());
        }

        return new TxnCall(compares, Branch(), Branch());
    }

    // Each key is put once at most, as the store's validation demands.
    private List<Call> Branch()
    {
        List<Call> calls = [];
        bool hasPut = false;
        for (int i = random.Next(3); i > 0; i--)
        {
            bool puts = random.Chance(0.5) && !hasPut;
            hasPut |= puts;
            calls.Add(puts ? Put() : Range(isInTxn: true));
        }

        if (!hasPut && random.Chance(0.2))
        {
            calls.Add(Delete());
        }

        return calls;
    }

    private Compare Compare()
    {
        string key = Key();
        KeyValue? known = world.Knowledge.Find(key);
        CompareTarget target = random.Pick(_targets);
        long number = target switch
        {
            CompareTarget.Version => known?.Version ?? 0,
            CompareTarget.Create => known?.CreateRevision ?? 0,
            CompareTarget.Mod => known?.ModRevision ?? 0,
            CompareTarget.Lease => known?.Lease ?? 0,
            _ => 0,
        };
        string? value = target == CompareTarget.Value ? known?.Value ?? "v0" : null;
        CompareResult result = random.Chance(0.7) ? CompareResult.Equal : random.Pick(_results);
        return new Compare(key, target, result, target == CompareTarget.Value ? 0 : number, value);
    }
}
