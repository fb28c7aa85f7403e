using System.Buffers;

namespace Etcdish.Store;

/// <summary>Decides the compares of a transaction on one revision.</summary>
internal sealed class CompareEvaluator(RangeReader reader, IValueSource values)
{
    /// <summary>
    /// Walks down the branches that the compares choose, all on the same revision, and appends each decision in the order in which the
    /// transactions will run.
    /// </summary>
    public void Decide(TxnRequest txn, long revision, List<bool> path)
    {
        var holds = true;
        for (var i = 0; i < txn.Compare.Count && holds; i++)
        {
            holds = Holds(txn.Compare[i], revision);
        }

        path.Add(holds);
        var branch = txn.Branch(holds);
        for (var i = 0; i < branch.Count; i++)
        {
            if (branch[i] is { Kind: RequestOpKind.Txn, Txn: { } nested })
            {
                Decide(nested, revision, path);
            }
        }
    }

    private bool Holds(Compare compare, long revision)
    {
        if (compare.RangeEnd.IsEmpty)
        {
            return Holds(compare, reader.Find(compare.Key.Span, revision));
        }

        var found = new List<KeyRevision>();
        reader.Collect(compare.Key, compare.RangeEnd, revision, found);
        if (found.Count == 0)
        {
            return Holds(compare, version: null);
        }

        foreach (var version in found)
        {
            if (!Holds(compare, version))
            {
                return false;
            }
        }

        return true;
    }

    // A missing key compares as zeros, but its value never compares: the wire cannot tell a missing value from an empty one.
    private bool Holds(Compare compare, KeyRevision? version) => compare.Target switch
    {
        CompareTarget.Value => version is not null && ValueHolds(compare, version),
        CompareTarget.Version => Satisfies(compare.Result, (version?.Version ?? 0).CompareTo(compare.Number)),
        CompareTarget.Create => Satisfies(compare.Result, (version?.CreateRevision ?? 0).CompareTo(compare.Number)),
        CompareTarget.Mod => Satisfies(compare.Result, (version?.ModRevision ?? 0).CompareTo(compare.Number)),
        CompareTarget.Lease => Satisfies(compare.Result, (version?.Lease ?? 0).CompareTo(compare.Number)),
        _ => Satisfies(compare.Result, 0),
    };

    // etcd takes an unknown relation for true.
    private static bool Satisfies(CompareResult result, int order) => result switch
    {
        CompareResult.Equal => order == 0,
        CompareResult.NotEqual => order != 0,
        CompareResult.Greater => order > 0,
        CompareResult.Less => order < 0,
        _ => true,
    };

    private bool ValueHolds(Compare compare, KeyRevision version)
    {
        var isEquality = compare.Result is CompareResult.Equal or CompareResult.NotEqual;
        if (isEquality && version.ValueLength != compare.Value.Length)
        {
            return compare.Result == CompareResult.NotEqual;
        }

        if (version.ValueLength == 0)
        {
            return Satisfies(compare.Result, compare.Value.IsEmpty ? 0 : -1);
        }

        var buffer = ArrayPool<byte>.Shared.Rent(version.ValueLength);
        try
        {
            var value = buffer.AsSpan(0, version.ValueLength);
            using (values.EnterRead())
            {
                values.Read(version.Value, value);
            }

            return Satisfies(compare.Result, value.SequenceCompareTo(compare.Value.Span));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
