using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Writes that have a place in the log and wait for it to be applied. A promise names index and term: when that index is applied with that
/// term, it was this write; with another term, the write is lost for certain. Cutting the entry here proves nothing, as another member may
/// still have it.
/// </summary>
internal sealed class PromisedWrites
{
    private readonly record struct Promise(ulong Index, ulong Term, Proposal Proposal, long Since);

    private readonly Queue<Promise> _inOrder = new();

    // Promises of a leader whose successor has promised the same or an earlier index to another write since.
    private readonly List<Promise> _overtaken = [];
    private ulong _lastIndex;

    /// <summary>How many wait.</summary>
    public int Count => _inOrder.Count + _overtaken.Count;

    /// <summary>A write was given a place.</summary>
    /// <param name="proposal">The write.</param>
    /// <param name="index">Its index.</param>
    /// <param name="term">Its term.</param>
    /// <param name="now">Ticks.</param>
    public void Add(Proposal proposal, ulong index, ulong term, long now)
    {
        if (index <= _lastIndex && _inOrder.Count > 0)
        {
            _overtaken.AddRange(_inOrder);
            _inOrder.Clear();
        }

        _inOrder.Enqueue(new Promise(index, term, proposal, now));
        _lastIndex = index;
    }

    /// <summary>The entry at an index was applied: ends the promises of that index.</summary>
    public void OnApplied(ulong index, ulong term, in ApplyResult result, List<Proposal> completed)
    {
        while (_inOrder.Count > 0 && _inOrder.Peek().Index <= index)
        {
            Settle(_inOrder.Dequeue(), index, term, result, completed);
        }

        for (int i = _overtaken.Count - 1; i >= 0; i--)
        {
            if (_overtaken[i].Index <= index)
            {
                Settle(_overtaken[i], index, term, result, completed);
                _overtaken.RemoveAt(i);
            }
        }
    }

    /// <summary>
    /// Gives up on those that wait since a tick or longer. They may still be applied: their bytes must outlive the answer.
    /// </summary>
    /// <param name="since">The tick.</param>
    /// <param name="tail">Told to keep a copy of each one's bytes.</param>
    /// <param name="completed">Receives them.</param>
    public void Expire(long since, EntryTail tail, List<Proposal> completed)
    {
        while (_inOrder.Count > 0 && _inOrder.Peek().Since <= since)
        {
            Expire(_inOrder.Dequeue(), tail, completed);
        }

        for (int i = _overtaken.Count - 1; i >= 0; i--)
        {
            if (_overtaken[i].Since <= since)
            {
                Expire(_overtaken[i], tail, completed);
                _overtaken.RemoveAt(i);
            }
        }
    }

    /// <summary>Fails those of places up to an index: the outcome of each is unknown.</summary>
    public void FailThrough(ulong index, EtcdError error, List<Proposal> completed)
    {
        while (_inOrder.Count > 0 && _inOrder.Peek().Index <= index)
        {
            _inOrder.Dequeue().Proposal.Fail(error, completed);
        }

        for (int i = _overtaken.Count - 1; i >= 0; i--)
        {
            if (_overtaken[i].Index <= index)
            {
                _overtaken[i].Proposal.Fail(error, completed);
                _overtaken.RemoveAt(i);
            }
        }
    }

    /// <summary>Fails all: the node stops or is unfit. The outcome of each is unknown.</summary>
    public void FailAll(EtcdError error, List<Proposal> completed)
    {
        foreach (Promise promise in _inOrder)
        {
            promise.Proposal.Fail(error, completed);
        }

        foreach (Promise promise in _overtaken)
        {
            promise.Proposal.Fail(error, completed);
        }

        _inOrder.Clear();
        _overtaken.Clear();
    }

    private static void Settle(in Promise promise, ulong index, ulong term, in ApplyResult result, List<Proposal> completed)
    {
        if (promise.Index == index && promise.Term == term)
        {
            promise.Proposal.Succeed(result, completed);
        }
        else
        {
            promise.Proposal.Fail(EtcdError.LeaderChanged, completed);
        }
    }

    private static void Expire(in Promise promise, EntryTail tail, List<Proposal> completed)
    {
        tail.StopBorrowing(promise.Index);
        promise.Proposal.Fail(EtcdError.Timeout, completed);
    }
}
