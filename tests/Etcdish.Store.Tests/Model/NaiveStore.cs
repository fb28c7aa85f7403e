namespace Etcdish.Store.Tests;

/// <summary>One pair as the model sees it.</summary>
internal sealed record ModelPair(string Key, string Value, long Create, long Mod, long Version, long Lease);

/// <summary>
/// etcd's rules written down without any thought of cost: a full copy of the key space for each revision. It answers in text, so that the
/// real store's answers can be compared as text.
/// </summary>
internal sealed class NaiveStore
{
    private readonly List<SortedDictionary<string, ModelPair>> _states = [NewState(), NewState()];
    private readonly List<List<string>> _changes = [[], []];
    private readonly SortedDictionary<long, long> _leases = [];

    private SortedDictionary<string, ModelPair> _working = NewState();
    private List<string> _workingChanges = [];

    public long Revision => _states.Count - 1;

    public long Compacted { get; private set; } = -1;

    public IEnumerable<long> Leases => _leases.Keys;

    private long View => _workingChanges.Count > 0 ? Revision + 1 : Revision;

    public string Put(PutRequest put) => Run(() => CheckPut(put), () => DoPut(put));

    public string Delete(DeleteRangeRequest delete) => Run(() => null, () => DoDelete(delete));

    public string Txn(TxnRequest txn)
    {
        var before = _states[^1];
        return Run(() => CheckTxn(txn, before), () => DoTxn(txn, before, isNested: false));
    }

    public string Grant(long id, long ttl) => Run(
        () => _leases.ContainsKey(id) ? EtcdError.LeaseExist.Message : null,
        () =>
        {
            _leases[id] = ttl;
            return "granted";
        });

    public string Revoke(long id) => Run(
        () => _leases.ContainsKey(id) ? null : EtcdError.LeaseNotFound.Message,
        () =>
        {
            _leases.Remove(id);
            foreach (var pair in _working.Values.Where(pair => pair.Lease == id).ToList())
            {
                DeleteKey(pair.Key);
            }

            return "revoked";
        });

    public string Compact(long revision) => Run(
        () => revision <= Compacted ? EtcdError.Compacted.Message : revision > Revision ? EtcdError.FutureRev.Message : null,
        () =>
        {
            Compacted = revision;
            return "compacted";
        });

    public string Range(RangeRequest range)
    {
        _working = Copy(_states[^1]);
        _workingChanges = [];
        return DoRange(range);
    }

    /// <summary>The changes from a revision on, as "main.sub key" and "=value" for puts.</summary>
    public IEnumerable<string> Changes(long from) => _changes.Skip((int)Math.Max(from, 0)).SelectMany(changes => changes);

    /// <summary>Number of versions that a finished compaction leaves.</summary>
    public int RetainedVersions()
    {
        var newer = _changes.Skip((int)Math.Max(Compacted + 1, 0)).Sum(changes => changes.Count);
        if (Compacted < 0)
        {
            return newer;
        }

        // At the compacted revision a tombstone stays unless a later change of the same revision hides it.
        var lastAtCompacted = _changes[(int)Compacted].Select(change => change.Split(' ')[1]).GroupBy(change => change.Split('=')[0]);
        var tombstones = lastAtCompacted.Count(changes => !changes.Last().Contains('=', StringComparison.Ordinal));
        return newer + _states[(int)Compacted].Count + tombstones;
    }

    public int KeyCount() => _states[^1].Count;

    private static SortedDictionary<string, ModelPair> NewState() => new(StringComparer.Ordinal);

    private static SortedDictionary<string, ModelPair> Copy(SortedDictionary<string, ModelPair> state) =>
        new(state, StringComparer.Ordinal);

    private static string Text(ReadOnlyMemory<byte> bytes) => TestLog.Text(bytes.Span);

    private static string Show(ModelPair? pair) =>
        pair is null ? "none" : $"{pair.Key}={pair.Value} c{pair.Create} m{pair.Mod} v{pair.Version} l{pair.Lease}";

    private static bool InRange(string key, ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> rangeEnd)
    {
        string first = Text(start), end = Text(rangeEnd);
        return end.Length == 0
            ? key == first
            : string.CompareOrdinal(key, first) >= 0 && (end == "\0" || string.CompareOrdinal(key, end) < 0);
    }

    private string Run(Func<string?> check, Func<string> act)
    {
        _working = Copy(_states[^1]);
        _workingChanges = [];
        if (check() is { } error)
        {
            return error;
        }

        var answer = act();
        if (_workingChanges.Count > 0)
        {
            _states.Add(_working);
            _changes.Add(_workingChanges);
        }

        return $"{answer} @{Revision}";
    }

    private string? CheckPut(PutRequest put)
    {
        if (put.Lease != 0 && !_leases.ContainsKey(put.Lease))
        {
            return EtcdError.LeaseNotFound.Message;
        }

        return (put.IgnoreValue || put.IgnoreLease) && !_states[^1].ContainsKey(Text(put.Key)) ? EtcdError.KeyNotFound.Message : null;
    }

    private string DoPut(PutRequest put)
    {
        var key = Text(put.Key);
        var old = _working.GetValueOrDefault(key);
        var revision = Revision + 1;
        var value = put.IgnoreValue ? old!.Value : Text(put.Value);
        _working[key] = new ModelPair(
            key, value, old?.Create ?? revision, revision, (old?.Version ?? 0) + 1, put.IgnoreLease ? old!.Lease : put.Lease);
        _workingChanges.Add($"{revision}.{_workingChanges.Count} {key}={value}");
        return $"put h{View} prev:{(put.PrevKv ? Show(old) : "none")}";
    }

    private string DoDelete(DeleteRangeRequest delete)
    {
        var doomed = _working.Values.Where(pair => InRange(pair.Key, delete.Key, delete.RangeEnd)).ToList();
        foreach (var pair in doomed)
        {
            DeleteKey(pair.Key);
        }

        return $"deleted h{View} {doomed.Count} [{(delete.PrevKv ? string.Join(", ", doomed.Select(Show)) : "")}]";
    }

    private void DeleteKey(string key)
    {
        _working.Remove(key);
        _workingChanges.Add($"{Revision + 1}.{_workingChanges.Count} {key}");
    }

    private string? CheckTxn(TxnRequest txn, SortedDictionary<string, ModelPair> before)
    {
        foreach (var op in Chosen(txn, before))
        {
            var error = op.Kind switch
            {
                RequestOpKind.Put => CheckPut(op.Put),
                RequestOpKind.Txn => CheckTxn(op.Txn!, before),
                RequestOpKind.Range when op.Range!.Revision > Revision => EtcdError.FutureRev.Message,
                RequestOpKind.Range when op.Range!.Revision != 0 && op.Range.Revision < Compacted => EtcdError.Compacted.Message,
                _ => null,
            };
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    private string DoTxn(TxnRequest txn, SortedDictionary<string, ModelPair> before, bool isNested)
    {
        var answers = new List<string>();
        foreach (var op in Chosen(txn, before))
        {
            answers.Add(op.Kind switch
            {
                RequestOpKind.Put => DoPut(op.Put),
                RequestOpKind.DeleteRange => DoDelete(op.DeleteRange),
                RequestOpKind.Range => DoRange(op.Range!),
                _ => DoTxn(op.Txn!, before, isNested: true),
            });
        }

        return $"txn{(isNested ? " h0" : "")} {txn.Compare.All(compare => Holds(compare, before))} ({string.Join("; ", answers)})";
    }

    private static IReadOnlyList<RequestOp> Chosen(TxnRequest txn, SortedDictionary<string, ModelPair> before) =>
        txn.Compare.All(compare => Holds(compare, before)) ? txn.Success : txn.Failure;

    private static bool Holds(Compare compare, SortedDictionary<string, ModelPair> before)
    {
        var pairs = before.Values.Where(pair => InRange(pair.Key, compare.Key, compare.RangeEnd)).ToList();
        if (pairs.Count == 0)
        {
            if (compare.Target == CompareTarget.Value)
            {
                return false;
            }

            pairs.Add(new ModelPair("", "", 0, 0, 0, 0));
        }

        return pairs.TrueForAll(pair => Holds(compare, pair));
    }

    private static bool Holds(Compare compare, ModelPair pair)
    {
        var order = compare.Target switch
        {
            CompareTarget.Value => Math.Sign(string.CompareOrdinal(pair.Value, Text(compare.Value))),
            CompareTarget.Version => pair.Version.CompareTo(compare.Number),
            CompareTarget.Create => pair.Create.CompareTo(compare.Number),
            CompareTarget.Mod => pair.Mod.CompareTo(compare.Number),
            _ => pair.Lease.CompareTo(compare.Number),
        };
        return compare.Result switch
        {
            CompareResult.Equal => order == 0,
            CompareResult.NotEqual => order != 0,
            CompareResult.Greater => order > 0,
            _ => order < 0,
        };
    }

    private string DoRange(RangeRequest range)
    {
        if (range.Revision > View)
        {
            return EtcdError.FutureRev.Message;
        }

        if (range.Revision > 0 && range.Revision < Compacted)
        {
            return EtcdError.Compacted.Message;
        }

        var state = range.Revision > 0 && range.Revision <= Revision ? _states[(int)range.Revision] : _working;
        var inRange = state.Values.Where(pair => InRange(pair.Key, range.Key, range.RangeEnd)).ToList();
        if (range.CountOnly)
        {
            return $"range h{View} n{inRange.Count} more:False []";
        }

        var (found, more) = Select(range, inRange);
        var shown = found.Select(pair => Show(range.KeysOnly ? WithoutValue(range, pair) : pair));
        return $"range h{View} n{inRange.Count} more:{more} [{string.Join(", ", shown)}]";
    }

    private static ModelPair WithoutValue(RangeRequest range, ModelPair pair) =>
        pair with { Value = "", Lease = range.SortTarget == SortTarget.Value ? pair.Lease : 0 };

    private static (List<ModelPair> Found, bool More) Select(RangeRequest range, List<ModelPair> pairs)
    {
        var isFiltered = (range.MinModRevision | range.MaxModRevision | range.MinCreateRevision | range.MaxCreateRevision) != 0;
        var isSorted = range.SortOrder != SortOrder.None && (range.SortTarget != SortTarget.Key || range.SortOrder != SortOrder.Ascend);
        IEnumerable<ModelPair> found = pairs;
        if (range.Limit > 0 && !isFiltered && !isSorted)
        {
            found = found.Take((int)range.Limit + 1);
        }

        found = found.Where(pair =>
            (range.MinModRevision == 0 || pair.Mod >= range.MinModRevision)
            && (range.MaxModRevision == 0 || pair.Mod <= range.MaxModRevision)
            && (range.MinCreateRevision == 0 || pair.Create >= range.MinCreateRevision)
            && (range.MaxCreateRevision == 0 || pair.Create <= range.MaxCreateRevision));
        var sorted = Sort(range, found).ToList();
        return range.Limit > 0 && sorted.Count > range.Limit ? (sorted[..(int)range.Limit], true) : (sorted, false);
    }

    private static IEnumerable<ModelPair> Sort(RangeRequest range, IEnumerable<ModelPair> pairs)
    {
        var isDescending = range.SortOrder == SortOrder.Descend;
        return range.SortTarget switch
        {
            SortTarget.Key => isDescending ? pairs.Reverse() : pairs,
            SortTarget.Value => isDescending
                ? pairs.OrderByDescending(pair => pair.Value, StringComparer.Ordinal)
                : pairs.OrderBy(pair => pair.Value, StringComparer.Ordinal),
            SortTarget.Version => By(pairs, pair => pair.Version, isDescending),
            SortTarget.Create => By(pairs, pair => pair.Create, isDescending),
            _ => By(pairs, pair => pair.Mod, isDescending),
        };
    }

    private static IEnumerable<ModelPair> By(IEnumerable<ModelPair> pairs, Func<ModelPair, long> number, bool isDescending) =>
        isDescending ? pairs.OrderByDescending(number) : pairs.OrderBy(number);
}
