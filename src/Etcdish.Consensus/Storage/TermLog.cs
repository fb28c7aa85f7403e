using System.Runtime.InteropServices;

namespace Etcdish.Consensus;

/// <summary>
/// The terms of the log, as runs: where a term begins, the entries of a leader begin, and there are few leaders. Of the entry at the base
/// (the last one of a snapshot, or index 0) the term is known; of entries before it nothing is.
/// </summary>
internal sealed class TermLog
{
    private readonly record struct Run(ulong First, ulong Term);

    private readonly List<Run> _runs = [];

    internal TermLog(ulong baseIndex, ulong baseTerm)
    {
        Reset(baseIndex, baseTerm);
    }

    internal ulong BaseIndex { get; private set; }

    internal ulong BaseTerm { get; private set; }

    internal ulong LastIndex { get; private set; }

    internal ulong LastTerm => _runs.Count > 0 ? _runs[^1].Term : BaseTerm;

    internal void Reset(ulong baseIndex, ulong baseTerm)
    {
        _runs.Clear();
        BaseIndex = baseIndex;
        BaseTerm = baseTerm;
        LastIndex = baseIndex;
    }

    internal void Append(ulong last, ulong term)
    {
        ConsensusInvariantException.Check(last > LastIndex, "an append reaches beyond the end of the log");
        ConsensusInvariantException.Check(term >= LastTerm && term > 0, "terms in the log never go back");
        if (_runs.Count == 0 || _runs[^1].Term != term)
        {
            _runs.Add(new Run(LastIndex + 1, term));
        }

        LastIndex = last;
    }

    internal void TruncateFrom(ulong index)
    {
        ConsensusInvariantException.Check(index > BaseIndex && index <= LastIndex, "a cut lies within the log");
        while (_runs.Count > 0 && _runs[^1].First >= index)
        {
            _runs.RemoveAt(_runs.Count - 1);
        }

        LastIndex = index - 1;
    }

    /// <summary>Entries up to an index left the host's log; its own term stays known.</summary>
    internal void Compact(ulong through)
    {
        if (through <= BaseIndex)
        {
            return;
        }

        ConsensusInvariantException.Check(through <= LastIndex, "compaction stays within the log");
        var run = RunOf(through);
        BaseTerm = _runs[run].Term;
        BaseIndex = through;
        _runs.RemoveRange(0, through == LastIndex ? run + 1 : run);
        if (_runs.Count > 0 && _runs[0].First <= through)
        {
            _runs[0] = _runs[0] with { First = through + 1 };
            if (_runs.Count > 1 && _runs[1].First == through + 1)
            {
                _runs.RemoveAt(0);
            }
        }
    }

    internal bool TryTermAt(ulong index, out ulong term)
    {
        if (index == BaseIndex)
        {
            term = BaseTerm;
            return true;
        }

        if (index < BaseIndex || index > LastIndex)
        {
            term = 0;
            return false;
        }

        term = _runs[RunOf(index)].Term;
        return true;
    }

    internal bool Matches(ulong index, ulong term) => TryTermAt(index, out var own) && own == term;

    /// <summary>
    /// The highest index not above the given one whose term is not above the given one; the base when all known ones are.
    /// </summary>
    internal ulong LastIndexNotAbove(ulong index, ulong term)
    {
        index = Math.Min(index, LastIndex);
        if (index <= BaseIndex)
        {
            return index;
        }

        for (var run = RunOf(index); run >= 0; run--)
        {
            if (_runs[run].Term <= term)
            {
                return index;
            }

            index = _runs[run].First - 1;
        }

        return index;
    }

    private int RunOf(ulong index)
    {
        var runs = CollectionsMarshal.AsSpan(_runs);
        var low = 0;
        var high = runs.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (runs[middle].First <= index)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }
}
