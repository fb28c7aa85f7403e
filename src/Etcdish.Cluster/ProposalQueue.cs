namespace Etcdish.Cluster;

/// <summary>
/// What the node loop has yet to do. Many producers, one consumer, bounded in bytes: past the bound a write is refused at once, which is
/// kinder than queueing it beyond the caller's patience.
/// </summary>
/// <param name="maxBytes">Bound on the sum of the queued payloads; a single larger one is let in when the queue is empty.</param>
internal sealed class ProposalQueue(long maxBytes)
{
    private readonly Lock _gate = new();
    private readonly LoopSignal _signal = new();
    private List<Proposal> _waiting = [];
    private long _waitingBytes;
    private bool _consumerSleeps;
    private bool _isWoken;
    private bool _closed;

    /// <summary>Number of proposals not yet taken by the loop.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Adds one, and wakes the loop if it sleeps.</summary>
    public EnqueueOutcome TryEnqueue(Proposal proposal)
    {
        bool wakes;
        lock (_gate)
        {
            if (_closed)
            {
                return EnqueueOutcome.Closed;
            }

            int bytes = proposal.Payload.Length;
            if (_waitingBytes > 0 && _waitingBytes + bytes > maxBytes)
            {
                return EnqueueOutcome.Full;
            }

            _waitingBytes += bytes;
            _waiting.Add(proposal);
            wakes = _consumerSleeps;
            _consumerSleeps = false;
        }

        // Outside the lock, for which the woken loop would only wait.
        if (wakes)
        {
            _signal.Set();
        }

        return EnqueueOutcome.Queued;
    }

    /// <summary>Swaps the waiting list with an empty one, sleeping at most <paramref name="timeout"/> for the first.</summary>
    /// <param name="empty">An empty list that takes the place of the one returned.</param>
    /// <param name="timeout">Longest sleep.</param>
    /// <returns>The waiting proposals in order; perhaps none.</returns>
    public List<Proposal> TakeAll(List<Proposal> empty, TimeSpan timeout)
    {
        if (MustSleep())
        {
            _signal.Wait(timeout);
        }

        lock (_gate)
        {
            _consumerSleeps = false;
            _isWoken = false;
            List<Proposal> taken = _waiting;
            _waiting = empty;
            _waitingBytes = 0;
            return taken;
        }
    }

    private bool MustSleep()
    {
        lock (_gate)
        {
            return _consumerSleeps = _waiting.Count == 0 && !_closed && !_isWoken;
        }
    }

    /// <summary>Ends the loop's sleep, or its next one: something other than a proposal waits for it.</summary>
    public void Wake()
    {
        // Who was woken and has not looked yet will see what came before this call.
        if (Volatile.Read(ref _isWoken))
        {
            return;
        }

        bool wakes;
        lock (_gate)
        {
            _isWoken = true;
            wakes = _consumerSleeps;
            _consumerSleeps = false;
        }

        if (wakes)
        {
            _signal.Set();
        }
    }

    /// <summary>Refuses all that comes from now on, and wakes the loop to finish what is here.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }

        _signal.Set();
    }

    /// <summary>Whether the queue takes no more.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _closed;
            }
        }
    }
}

/// <summary>What became of an attempt to queue a proposal.</summary>
internal enum EnqueueOutcome
{
    /// <summary>It waits for the loop.</summary>
    Queued,

    /// <summary>The bound on waiting bytes is reached.</summary>
    Full,

    /// <summary>The node stops or has failed.</summary>
    Closed,
}
