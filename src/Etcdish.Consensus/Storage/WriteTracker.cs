namespace Etcdish.Consensus;

/// <summary>
/// Which writes were handed to the disk and which of them are durable. Writes are numbered and become durable in order, so a number says
/// everything: an index and a term would not, since the same index can be written twice in one term's reign of another leader, and a vote
/// changes neither (the ABA problem of asynchronous storage).
/// </summary>
internal sealed class WriteTracker(ulong durableIndex)
{
    private record struct Pending(ulong Number, ulong LastIndex, ulong HandedAt);

    private readonly List<Pending> _pending = [];
    private ulong _handed;
    private ulong _durable;
    private ulong _hardStateWrite;
    private bool _open;

    /// <summary>The highest index whose entry, as the log has it now, is durable.</summary>
    internal ulong DurableIndex { get; private set; } = durableIndex;

    /// <summary>The write that holds the current term and vote; 0 once it is durable.</summary>
    internal ulong HardStateWrite => _hardStateWrite > _durable ? _hardStateWrite : 0;

    /// <summary>Something was changed that the next write must hold.</summary>
    internal void Touch() => _open = true;

    /// <summary>Term, vote or quarantine changed.</summary>
    internal void TouchHardState()
    {
        _open = true;
        _hardStateWrite = _handed + 1;
    }

    internal bool IsDurable(ulong write) => write <= _durable;

    /// <summary>The write that must be durable before the log up to an index, under the current term, may be promised.</summary>
    internal ulong Covering(ulong index)
    {
        var entries = index <= DurableIndex ? 0 : _handed + 1;
        if (entries != 0)
        {
            foreach (var write in _pending)
            {
                if (write.LastIndex >= index)
                {
                    entries = write.Number;
                    break;
                }
            }
        }

        return Math.Max(entries, HardStateWrite);
    }

    /// <summary>Entries from an index on are no longer what was written.</summary>
    internal void Truncate(ulong from)
    {
        _open = true;
        DurableIndex = Math.Min(DurableIndex, from - 1);
        for (var i = 0; i < _pending.Count; i++)
        {
            _pending[i] = _pending[i] with { LastIndex = Math.Min(_pending[i].LastIndex, from - 1) };
        }
    }

    /// <summary>Ends a batch: the number of its write, or 0 when nothing is to be written.</summary>
    internal ulong Seal(ulong lastIndex, ulong now)
    {
        if (!_open)
        {
            return 0;
        }

        _open = false;
        _handed++;
        _pending.Add(new Pending(_handed, lastIndex, now));
        return _handed;
    }

    /// <summary>All writes up to a number are durable.</summary>
    internal void OnDurable(ulong write)
    {
        ConsensusInvariantException.Check(write <= _handed, $"write {write} was reported durable before it was handed out");
        if (write <= _durable)
        {
            return;
        }

        var done = 0;
        while (done < _pending.Count && _pending[done].Number <= write)
        {
            DurableIndex = Math.Max(DurableIndex, _pending[done].LastIndex);
            done++;
        }

        _pending.RemoveRange(0, done);
        _durable = write;
    }

    /// <summary>The oldest write on its way has been so for this many ticks.</summary>
    internal bool IsOverdue(ulong now, int ticks) => _pending.Count > 0 && now - _pending[0].HandedAt >= (ulong)ticks;
}
