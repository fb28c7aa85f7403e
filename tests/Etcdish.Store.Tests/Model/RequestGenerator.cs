namespace Etcdish.Store.Tests;

/// <summary>Random requests over a small key space, so that they meet each other often.</summary>
internal sealed class RequestGenerator(Random random)
{
    private static readonly string[] _keys = ["a", "ab", "abc", "b", "ba", "c", "cc", "d", "e", "f"];
    private static readonly string[] _ends = ["", "", "", "\0", "b", "c", "ca", "e", "z"];
    private static readonly string[] _values = ["", "1", "2", "3", "value", "a longer value"];

    public bool Chance(int percent) => random.Next(100) < percent;

    public long Next(long below) => random.NextInt64(below);

    public long LeaseId() => 1 + random.Next(4);

    public PutRequest Put()
    {
        var ignoresValue = Chance(8);
        var ignoresLease = Chance(8);
        return new PutRequest
        {
            Key = Key(),
            Value = ignoresValue ? default : Pick(_values),
            Lease = ignoresLease || Chance(70) ? 0 : LeaseId(),
            PrevKv = Chance(30),
            IgnoreValue = ignoresValue,
            IgnoreLease = ignoresLease,
        };
    }

    public DeleteRangeRequest Delete() => new() { Key = Key(), RangeEnd = End(), PrevKv = Chance(50) };

    public RangeRequest Range(long revision)
    {
        var request = new RangeRequest
        {
            Key = Chance(10) ? TestLog.Bytes("\0") : Key(),
            RangeEnd = Chance(40) ? TestLog.Bytes("\0") : End(),
            Limit = Chance(50) ? 0 : random.Next(-1, 6),
            Revision = Chance(50) ? 0 : random.NextInt64(-1, revision + 3),
            KeysOnly = Chance(15),
            CountOnly = Chance(10),
            Serializable = Chance(50),
        };
        if (Chance(40))
        {
            request = request with { SortOrder = (SortOrder)random.Next(3), SortTarget = (SortTarget)random.Next(5) };
        }

        return Chance(80) ? request : request with
        {
            MinModRevision = Bound(revision),
            MaxModRevision = Bound(revision),
            MinCreateRevision = Bound(revision),
            MaxCreateRevision = Bound(revision),
        };
    }

    /// <summary>A transaction that passes validation.</summary>
    public TxnRequest Txn(long revision)
    {
        while (true)
        {
            var txn = Txn(revision, depth: 0);
            if (RequestValidator.Check(txn, 128) is null)
            {
                return txn;
            }
        }
    }

    private TxnRequest Txn(long revision, int depth) => new()
    {
        Compare = Several(3, () => Compare(revision)),
        Success = Several(4, () => Op(revision, depth)),
        Failure = Several(3, () => Op(revision, depth)),
    };

    private RequestOp Op(long revision, int depth) => random.Next(depth < 3 ? 10 : 8) switch
    {
        < 4 => StoreHarness.Op(Put()),
        < 6 => StoreHarness.Op(Delete()),
        < 8 => StoreHarness.Op(Range(revision)),
        _ => StoreHarness.Op(Txn(revision, depth + 1)),
    };

    private Compare Compare(long revision)
    {
        var target = (CompareTarget)random.Next(5);
        return new Compare
        {
            Target = target,
            Result = (CompareResult)random.Next(4),
            Key = Key(),
            RangeEnd = Chance(70) ? default : End(),
            Number = target switch
            {
                CompareTarget.Value => 0,
                CompareTarget.Version => random.Next(4),
                CompareTarget.Lease => random.Next(4),
                _ => random.NextInt64(revision + 1),
            },
            Value = target == CompareTarget.Value ? Pick(_values) : default,
        };
    }

    private List<T> Several<T>(int most, Func<T> make) => [.. Enumerable.Range(0, random.Next(most + 1)).Select(_ => make())];

    private long Bound(long revision) => Chance(60) ? 0 : random.NextInt64(revision + 2);

    private byte[] Key() => Pick(_keys);

    private byte[] End() => Pick(_ends);

    private byte[] Pick(string[] texts) => TestLog.Bytes(texts[random.Next(texts.Length)]);
}
